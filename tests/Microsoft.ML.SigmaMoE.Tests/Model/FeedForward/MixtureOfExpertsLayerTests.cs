using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class MixtureOfExpertsLayerTests
{
    private static readonly MixtureOfExpertsOptions Options =
        new() { ExpertCount = 5, ExpertSize = 3, ActiveExperts = 2, Router = new SigmoidRouterOptions { BalancingWeight = 0.5 } };

    [Theory]
    [InlineData(new long[] { 7, 6 })]
    [InlineData(new long[] { 2, 7, 6 })]
    [InlineData(new long[] { 2, 1, 4, 6 })]
    public void Forward_OfAnyLeadingDimensions_TreatsTokensAlike(long[] shape)
    {
        using var scope = NewDisposeScope();
        using var layer = Create();
        var x = randn(shape);
        var output = layer.call(x);
        Assert.Equal(shape, output.shape);
        TensorAssert.Close(layer.call(x.reshape(-1, 6)), output.reshape(-1, 6), 1e-6);
    }

    [Theory]
    [InlineData(Precision.Float32, 3)]
    [InlineData(Precision.BFloat16, 17)]
    public void Forward_WithAnotherOutputWidth_ComputesItAndGoesThroughFiles(Precision precision, int width)
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var layer = new MixtureOfExpertsLayer(
            6, Options with { Bias = true }, precision: precision, seed: 3, outputSize: width);
        var output = layer.call(randn(2, 7, 6));
        Assert.Equal([2, 7, width], output.shape);
        output.sum().backward();
        Assert.Equal([5, 3, width], layer.get_parameter("mixture.expert_down")!.grad!.shape);
        layer.ExportWeights(folder.File("a.safetensors"));
        Assert.Equal([5, 3, width], SafeTensorsFile.Read(folder.File("a.safetensors"))["values"].shape);
        using var same = new MixtureOfExpertsLayer(
            6, Options with { Bias = true }, precision: precision, seed: 4, outputSize: width);
        same.ImportWeights(folder.File("a.safetensors"));
        var x = randn(4, 6);
        TensorAssert.Same(layer.call(x), same.call(x));
        using var square = new MixtureOfExpertsLayer(6, Options with { Bias = true }, precision: precision);
        Assert.Throws<InvalidDataException>(() => square.ImportWeights(folder.File("a.safetensors")));
    }

    [Fact]
    public void Forward_OfAnotherWidth_SaysWhichIsRight()
    {
        using var scope = NewDisposeScope();
        using var layer = Create();
        var fault = Assert.Throws<ArgumentException>(() => layer.forward(zeros(2, 5)));
        Assert.Contains("[2, 5]; it must end in d_model, which is 6", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, 4)]   // with where tokens went, for the balancing loss
    [InlineData(false, 1)]
    public void Forward_LeavesOnlyWhatIsAskedForLater(bool isTraining, int wanted)
    {
        using var scope = NewDisposeScope();
        using var layer = Create();
        layer.train(isTraining);
        var x = randn(3, 6);
        var before = scope.DisposablesCount;
        layer.call(x);
        Assert.Equal(before + wanted, scope.DisposablesCount);
    }

    [Fact]
    public void TakeBalancingLoss_AfterSeveralCalls_PoolsThemOnce()
    {
        using var scope = NewDisposeScope();
        using var layer = Create();
        var (one, two) = (randn(3, 6), randn(2, 4, 6));
        layer.call(cat([one, two.view(-1, 6)]));
        var together = layer.TakeBalancingLoss();
        layer.call(one);
        layer.call(two);
        TensorAssert.Close(together, layer.TakeBalancingLoss(), 1e-6);
        Assert.True(together.item<float>() < 0);
        Assert.Equal(0, layer.TakeBalancingLoss().item<float>());
    }

    [Fact]
    public void TakeBalancingLoss_WithoutTraining_IsZero()
    {
        using var scope = NewDisposeScope();
        using var layer = Create();
        layer.eval();
        layer.call(randn(3, 6));
        Assert.Equal(0, layer.TakeBalancingLoss().item<float>());
    }

    [Fact]
    public void TakeBalancingLoss_AfterAStepWhoseTensorsAreGone_ForgetsThem()
    {
        using var layer = Create();
        using (NewDisposeScope())
        {
            layer.call(randn(3, 6));
        }

        using var scope = NewDisposeScope();
        layer.call(randn(3, 6));
        Assert.True(layer.TakeBalancingLoss().item<float>() < 0);
    }

    [Fact]
    public void Training_OfANetworkWithTheLayer_LearnsAndLeavesNoTensorBehind()
    {
        using var outer = NewDisposeScope();
        using var layer = Create();
        using var model = nn.Sequential(("in", nn.Linear(4, 6)), ("mixture", layer), ("out", nn.Linear(6, 1)));
        using var optimizer = optim.Adam(model.parameters(), 0.02);
        using var generator = new Generator(4);
        var x = randn([64, 4], generator: generator);
        var wanted = (x.narrow(1, 0, 1) * x.narrow(1, 1, 1)).detach();
        var losses = new List<float>();
        var live = new List<long>();
        for (var step = 0; step < 150; step++)
        {
            using var scope = NewDisposeScope();
            optimizer.zero_grad();
            var loss = nn.functional.mse_loss(model.call(x), wanted);
            (loss + layer.TakeBalancingLoss() * 0.01).backward();
            optimizer.step();
            losses.Add(loss.item<float>());
            live.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }

        Assert.True(losses[^1] < losses[0] / 3, $"{losses[0]} became {losses[^1]}");
        Assert.Equal(live[20], live[^1]);
    }

    [Fact]
    public void TakeBalancingLoss_OfALossFreeRouter_AdaptsIt()
    {
        using var scope = NewDisposeScope();
        using var layer = new MixtureOfExpertsLayer(
            6, Options with { Router = new LossFreeRouterOptions() }, precision: Precision.Float32);
        layer.call(randn(9, 6));
        Assert.Equal(0, layer.TakeBalancingLoss().item<float>());
        Assert.Equal(0.001f, layer.get_parameter("mixture.router.bias")!.abs().max().item<float>(), 6);
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(6, 0)]
    public void Create_OfSizesThatAreNone_IsRefused(int modelSize, int layers) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new MixtureOfExpertsLayer(modelSize, Options, layers));

    [Fact]
    public void Create_OfAnOutputOfNoWidth_IsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(
            "outputSize", () => new MixtureOfExpertsLayer(6, Options, outputSize: 0));

    private static MixtureOfExpertsLayer Create() => new(6, Options, precision: Precision.Float32, seed: 3);
}
