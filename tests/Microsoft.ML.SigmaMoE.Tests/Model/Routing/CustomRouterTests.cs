using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class CustomRouterTests
{
    [Fact]
    public void Router_OfOnesOwn_TrainsSavesAndLoads()
    {
        CustomRouters.Register("test-cosine", context => new CosineRouter(context));
        using var folder = new TemporaryFolder();
        var options = new LanguageModelOptions
        {
            Model = TinyModel.Model,
            FeedForward =
                TinyModel.Experts with { Router = new CustomRouterOptions { Name = "test-cosine", Settings = "0.5" } },
            Tokenizer = new ByteTokenizerOptions(),
            Precision = Precision.Float32,
            Training = new() { BatchSize = 2, MaxSteps = 5 },
        };
        using var model = new LanguageModelTraining(CPU, folder.Path).Train(
            options, Enumerable.Repeat("some text".AsMemory(), 40));
        Assert.NotEqual(0, model.History[^1].BalancingLoss);
        Assert.NotEqual(0.5f, model.Network.get_parameter("layers.1.feed_forward.router.temperature")!.item<float>());

        model.Save(folder.File("model"));
        using var loaded = LanguageModel.Load(folder.File("model"));
        Assert.Equal(model.Score("some text").LogLikelihood, loaded.Score("some text").LogLikelihood);
        Assert.Contains("layers.1.pkm.router.rows", StoredNames(folder.File("model")));
    }

    [Fact]
    public void Router_ThatNobodyRegistered_IsNamedWithWhatToDo()
    {
        var options = TinyModel.Experts with { Router = new CustomRouterOptions { Name = "nobody's" } };
        var fault = Assert.Throws<InvalidOperationException>(() => TinyModel.Network(options));
        Assert.Contains("CustomRouters.Register(\"nobody's\"", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Router_ThatReturnsWrongShapes_IsToldWhichAreRight()
    {
        CustomRouters.Register("test-wrong", context => new WrongRouter(context));
        using var network = TinyModel.Network(
            TinyModel.Experts with { Router = new CustomRouterOptions { Name = "test-wrong" } });
        using var memory = new SegmentMemory(4);
        using var scope = NewDisposeScope();
        var fault = Assert.Throws<InvalidOperationException>(
            () => network.Forward(zeros(1, 4, dtype: ScalarType.Int64), memory));
        Assert.Contains("WrongRouter returned experts [4, 1] of type Int64", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    public void Validate_WithoutAName_IsRefused(string name) =>
        Assert.ThrowsAny<ArgumentException>(new CustomRouterOptions { Name = name }.Validate);

    private static List<string> StoredNames(string folder)
    {
        using var stream = File.OpenRead(Path.Combine(folder, ModelFolder.WeightsName));
        return new SafeTensorsReader(stream).Entries.Select(entry => entry.Name).ToList();
    }

    private sealed class CosineRouter : Router
    {
        [ComponentName(Name = "rows")] private readonly Parameter _rows;
        [ComponentName(Name = "temperature")] private readonly Parameter _temperature;
        private readonly int _active;

        public CosineRouter(RouterContext context)
            : base(nameof(CosineRouter), context)
        {
            _rows = context.NormalParameter(1, context.Mixture.ExpertCount, context.ModelSize);
            var temperature = float.Parse(((CustomRouterOptions)context.Options).Settings);
            _temperature = new Parameter(full([1], temperature));
            _active = context.Mixture.ActiveExperts;
            RegisterComponents();
        }

        public override Routing Route(Tensor x)
        {
            var tokens = nn.functional.normalize(x.flatten(0, 1));
            var logits = matmul(tokens, nn.functional.normalize(_rows).t()) / _temperature;
            var (weights, experts) = logits.softmax(-1).topk(_active);
            return new(experts, weights, logits);
        }
    }

    private sealed class WrongRouter(RouterContext context) : Router(nameof(WrongRouter), context)
    {
        public override Routing Route(Tensor x)
        {
            var tokens = x.shape[0] * x.shape[1];
            return new(zeros(tokens, 1, dtype: ScalarType.Int64), ones(tokens, 1), zeros(tokens, 4));
        }
    }
}
