using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// The whole layer as on a GPU, router and experts, forward and backward, from module to gradients of every parameter:
/// its kernels on the emulator, the same layer without them as the truth.
/// </summary>
public sealed class EmulatedMixtureTests
{
    private const int ModelSize = 20, Batch = 3, Time = 50;

    private static readonly MixtureOfExpertsOptions Options =
        new() { ExpertCount = 9, ExpertSize = 11, ActiveExperts = 3, Bias = true };

    private static readonly Dictionary<string, RouterOptions> Routers = new()
    {
        ["sigmoid"] = new SigmoidRouterOptions { BalancingWeight = 0.01 },
        ["sigmoid, dropping"] = new SigmoidRouterOptions { ExpertDropout = 0.2, BalancingWeight = 0.01 },
        ["softmax"] = new SoftmaxBeforeTopKRouterOptions { ExpertDropout = 0.2, BalancingWeight = 0.01 },
        ["switch"] = new SwitchRouterOptions(),

        // its own loss depends on the order of a token's choices, which libtorch leaves open; rarely fewer than K are
        // left
        ["softmax of chosen"] =
            new SoftmaxAfterTopKRouterOptions { ExpertDropout = 0.05, Balancing = new EntropyBalancingOptions() },
        ["loss-free"] = new LossFreeRouterOptions { BalancingWeight = 0.01 },
        ["loss-free, dropping"] = new LossFreeRouterOptions { ExpertDropout = 0.2 },
        ["noisy"] =
            new NoisyTopKRouterOptions { Balancing = new ImportanceAndLoadBalancingOptions { LoadFactor = 0.5 } },
        ["noisy, dropping"] = new NoisyTopKRouterOptions { ExpertDropout = 0.2 },
        ["sinkhorn"] = new SinkhornRouterOptions { Signs = SinkhornSigns.Textbook, Iterations = 5 },
        ["sinkhorn, dropping"] = new SinkhornRouterOptions { ExpertDropout = 0.2 },
    };

    /// <summary>Gets the names of the routers.</summary>
    public static TheoryData<string> Names => [.. Routers.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Layer_InFloat32_GivesTheOutputAndAllGradientsOfTheTruth(string router) =>
        Compare(Options with { Router = Routers[router] }, Precision.Float32, 2e-6);

    [Theory]
    [MemberData(nameof(Names))]
    public void Layer_InBFloat16_GivesTheOutputAndAllGradientsOfTheTruth(string router) =>
        Compare(Options with { Router = Routers[router] }, Precision.BFloat16, 1e-2);

    // the truth is not rounded: operands are off by 2^-11 of themselves at most, and products of them are added
    [Theory]
    [MemberData(nameof(Names))]
    public void Layer_InTensorFloat32_GivesTheOutputAndAllGradientsOfFloat32(string router) =>
        Compare(Options with { Router = Routers[router] }, Precision.TensorFloat32, 2e-3);

    // here too, and every result besides
    [Theory]
    [MemberData(nameof(Names))]
    public void Layer_InFloat16_GivesTheOutputAndAllGradientsOfFloat32(string router) =>
        Compare(Options with { Router = Routers[router] }, Precision.Float16, 2e-3);

    [Theory]
    [InlineData("sigmoid")]
    [InlineData("softmax of chosen")]
    public void Layer_InFloat16OnItsFirstDevices_GivesTheSame(string router) =>
        Compare(Options with { Router = Routers[router] }, Precision.Float16, 2e-3, capability: 75);

    [Theory]
    [InlineData(Precision.TensorFloat32, 80, "_tf32_")]
    [InlineData(Precision.Float16, 80, "_f16_")]
    [InlineData(Precision.Float16, 75, "_f16_flat_")]
    [InlineData(Precision.Float16, 70, "_float_")]
    public void Launches_OfALayer_MultiplyInWhatTheDeviceHas(Precision precision, int capability, string expected)
    {
        using var emulated = new OnEmulatedKernels(capability);
        using var scope = NewDisposeScope();
        Run(Options, precision);
        var products = emulated.Driver.Launches.Where(
            launch => launch.Split('_')[^1] is "16" or "64" or "128").ToList();
        Assert.Equal(4, products.Distinct().Count());    // up, down, and the gradients by hidden vectors and weights
        Assert.All(products, product => Assert.Contains(expected, product, StringComparison.Ordinal));
    }

    [Fact]
    public void Layer_DroppingHiddenNeurons_GivesTheSame() =>
        Compare(Options with { Router = Routers["sigmoid"], HiddenDropout = 0.3 }, Precision.Float32, 2e-6);

    [Fact]
    public void Launches_OfALayerThatDropsHiddenNeurons_AreThoseOfOthersAndOneMore()
    {
        using var emulated = new OnEmulatedKernels();
        using var scope = NewDisposeScope();
        Run(Options with { Router = Routers["sigmoid"] }, Precision.Float32);
        string[] others = [.. emulated.Driver.Launches];
        emulated.Driver.Launches.Clear();
        Run(Options with { Router = Routers["sigmoid"], HiddenDropout = 0.3 }, Precision.Float32);
        Assert.Equal(others, emulated.Driver.Launches.Where(launch => launch != "activate_float"));
        Assert.Single(emulated.Driver.Launches, "activate_float");
    }

    [Fact]
    public void Launches_OfALayer_CountChoicesInTheRouterAlone()
    {
        using var emulated = new OnEmulatedKernels();
        using var scope = NewDisposeScope();
        Run(Options with { Router = Routers["sigmoid"], Bias = false }, Precision.Float32);
        var launches = emulated.Driver.Launches.Select(launch => launch.Split("_float")[0]).ToList();
        Assert.Equal(["route_sigmoid", "scan_counts", "place_slots", "list_tiles", "expert_up"], launches[..5]);
        Assert.DoesNotContain("count_choices", launches);
        Assert.Equal("route_gradient_sigmoid", launches[^1]);
    }

    [Fact]
    public void Launches_OfARouterThatNoKernelKnows_CountItsChoices()
    {
        using var emulated = new OnEmulatedKernels();
        using var scope = NewDisposeScope();
        CustomRouters.Register("test-own", context => new OwnRouter(context));
        Run(Options with { Router = new CustomRouterOptions { Name = "test-own" } }, Precision.Float32);
        Assert.Equal("count_choices", emulated.Driver.Launches[0]);
        Assert.DoesNotContain(emulated.Driver.Launches, launch => launch.StartsWith("route", StringComparison.Ordinal));
    }

    [Fact]
    public void Decoding_OfOneToken_RoutesAndDecodesInThreeLaunches()
    {
        using var layer = new MixtureOfExpertsLayer(ModelSize, Options, precision: Precision.Float32, seed: 3);
        layer.eval();
        using var scope = NewDisposeScope();
        using var quiet = inference_mode();
        var x = randn(1, ModelSize);
        var expected = layer.call(x);
        using var emulated = new OnEmulatedKernels();
        TensorAssert.Close(expected, layer.call(x), 1e-5);
        Assert.Equal(["route_sigmoid", "decode_up", "decode_down"], emulated.Driver.Launches);
    }

    [Fact]
    public void Layer_CalledAgain_LeavesNoTensors()
    {
        using var emulated = new OnEmulatedKernels();
        using var scope = NewDisposeScope();
        Run(Options, Precision.Float32);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (NewDisposeScope())
        {
            Run(Options, Precision.Float32);
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    // of tokens, up and down, then of tokens alone
    [Theory]
    [InlineData(Precision.BFloat16, "to_bf16", 3, 1)]
    [InlineData(Precision.Float16, "to_f16", 3, 1)]
    [InlineData(Precision.TensorFloat32, "pad_rows", 3, 1)]
    [InlineData(Precision.Float32, "pad_rows", 0, 0)]
    public void Launches_OfWeightsThatDoNotChange_ArrangeThemOnce(
        Precision precision, string conversion, int first, int later)
    {
        using var emulated = new OnEmulatedKernels();
        using var scope = NewDisposeScope();
        using var randomness = new Randomness(5);
        var context = new BlockContext(new() { ModelSize = 22 }, ComputePrecision.Of(precision, CPU), randomness);
        using var layer = new MixtureOfExperts(Options, context);
        layer.eval();
        using var frozen = context.Frozen;
        using var quiet = no_grad();
        var x = randn(Batch, Time, 22);
        var expected = layer.forward(x).Hidden;
        frozen.Freeze();
        foreach (var count in new[] { first, later, later })
        {
            var before = emulated.Driver.Launches.Count(launch => launch == conversion);
            TensorAssert.Same(expected, layer.forward(x).Hidden);
            Assert.Equal(before + count, emulated.Driver.Launches.Count(launch => launch == conversion));
        }
    }

    [Theory]
    [InlineData("loss-free", "route_sigmoid")]
    [InlineData("sinkhorn", "route_sigmoid")]
    [InlineData("noisy", "route_softmax_chosen")]
    public void Launches_OfARouterThatChoosesByOtherScores_BeginWithItsKernel(string router, string expected)
    {
        using var emulated = new OnEmulatedKernels();
        using var scope = NewDisposeScope();
        Run(Options with { Router = Routers[router] }, Precision.Float32);
        Assert.Equal(expected, emulated.Driver.Launches[0]);
        Assert.DoesNotContain("count_choices", emulated.Driver.Launches);
    }

    private static void Compare(
        MixtureOfExpertsOptions options, Precision precision, double tolerance, int capability = 80)
    {
        using var scope = NewDisposeScope();
        var expected = Run(options, precision);
        using var emulated = new OnEmulatedKernels(capability);
        var actual = Run(options, precision);
        Assert.NotEmpty(emulated.Driver.Launches);
        Assert.Equal(expected.Keys, actual.Keys);
        Assert.All(expected, pair => TensorAssert.Close(pair.Value, actual[pair.Key], tolerance, pair.Key));
    }

    // the output, and the gradient by the input and by every parameter
    private static Dictionary<string, Tensor> Run(MixtureOfExpertsOptions options, Precision precision)
    {
        using var layer = new MixtureOfExpertsLayer(ModelSize, options, precision: precision, seed: 5);
        using var generator = new Generator(7);
        Fill([.. layer.parameters().Where(parameter => !parameter.requires_grad)], generator);
        var x = randn([Batch, Time, ModelSize], generator: generator).requires_grad_();
        var output = Forgetting.AllBut(() =>
        {
            var y = layer.call(x);
            return ((y * randn(y.shape, generator: generator)).sum() + (10 * layer.TakeBalancingLoss()), y.detach());
        });
        output.Loss.backward();
        var results = layer.named_parameters().Where(pair => pair.parameter.requires_grad)
            .ToDictionary(pair => pair.name, pair => pair.parameter.grad!);
        (results["output"], results["input"]) = (output.Result, x.grad!);
        return results;
    }

    // a bias that nothing has moved yet would choose nothing
    private static void Fill(Tensor[] biases, Generator generator)
    {
        using var quiet = no_grad();
        Array.ForEach(biases, bias => bias.copy_(0.1 * randn(bias.shape, generator: generator)));
    }

    // the first numbers of a token are its logits
    private sealed class OwnRouter : Router
    {
        private readonly MixtureOfExpertsOptions _options;

        public OwnRouter(RouterContext context)
            : base(nameof(OwnRouter), context)
        {
            _options = context.Mixture;
            RegisterComponents();
        }

        public override Routing Route(Tensor x)
        {
            var logits = x.flatten(0, 1).narrow(1, 0, _options.ExpertCount);               // [tokens, experts]
            var (largest, experts) = logits.topk(_options.ActiveExperts);                  // [tokens, K]
            return new(experts, largest.sigmoid(), logits);
        }
    }
}
