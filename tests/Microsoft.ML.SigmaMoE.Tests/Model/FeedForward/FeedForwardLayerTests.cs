using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class FeedForwardLayerTests
{
    public static TheoryData<FeedForwardOptions> Blocks =>
        [.. TinyModel.Blocks.Where(block => block is not (MixtureOfExpertsOptions or InterleavedOptions))];

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Forward_OfAnyLeadingDimensions_TreatsTokensAlike(FeedForwardOptions options)
    {
        using var scope = NewDisposeScope();
        using var layer = new FeedForwardLayer(TinyModel.Model.ModelSize, options, seed: 3);
        layer.eval();
        var x = randn(2, 3, 5, TinyModel.Model.ModelSize);
        var y = layer.call(x);
        Assert.Equal(x.shape, y.shape);
        TensorAssert.Close(layer.call(x[1, 2, 4]), y[1, 2, 4], 1e-5);
        TensorAssert.Close(layer.call(x.flatten(0, 2)), y.flatten(0, 2), 1e-6);
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Forward_InTraining_LeavesOnlyItsOutput(FeedForwardOptions options)
    {
        using var scope = NewDisposeScope();
        using var layer = new FeedForwardLayer(TinyModel.Model.ModelSize, options, seed: 3);
        var x = randn(9, TinyModel.Model.ModelSize);
        layer.call(x); // what is made once
        var before = scope.DisposablesCount;
        layer.call(x);
        Assert.Equal(before + 1, scope.DisposablesCount);
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Backward_InANetworkOfOnesOwn_ReachesEveryWeightAndLearns(FeedForwardOptions options)
    {
        using var scope = NewDisposeScope();
        using var layer = new FeedForwardLayer(8, options, precision: Precision.Float32, seed: 3);
        using var optimizer = optim.Adam(layer.parameters(), 0.02);
        var x = randn(64, 8);
        var wanted = x.roll(1, 1).abs();
        double Train()
        {
            optimizer.zero_grad();
            var loss = (layer.call(x) - wanted).square().mean();
            loss.backward();
            optimizer.step();
            return loss.item<float>();
        }

        var first = Train();
        Assert.All(layer.parameters(), parameter => Assert.NotNull(parameter.grad));
        var last = Enumerable.Range(0, 150).Select(_ => Train()).Last();
        Assert.True(last < 0.97 * first, $"{first} → {last}");
    }

    [Fact]
    public void Constructor_SameSeed_GivesTheSameWeights()
    {
        using var one = new FeedForwardLayer(8, new DenseOptions { HiddenSize = 12 }, seed: 3);
        using var other = new FeedForwardLayer(8, new DenseOptions { HiddenSize = 12 }, seed: 3);
        using var different = new FeedForwardLayer(8, new DenseOptions { HiddenSize = 12 }, seed: 4);
        foreach (var ((mine, same), another) in one.parameters().Zip(other.parameters()).Zip(different.parameters()))
        {
            TensorAssert.Same(mine, same);
            Assert.True(mine.abs().sum().item<float>() == 0 || !mine.equal(another).all().item<bool>());
        }
    }

    [Fact]
    public void Constructor_OptionsWithExperts_NamesTheLayerForThem()
    {
        var fault = Assert.Throws<ArgumentException>(() => new FeedForwardLayer(8, TinyModel.Experts));
        Assert.Contains("use MixtureOfExpertsLayer", fault.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new FeedForwardLayer(0, new DenseOptions()));
        Assert.ThrowsAny<ArgumentException>(() => new FeedForwardLayer(8, new DenseOptions { HiddenSize = 0 }));
    }

    [Fact]
    public void Forward_OfAnotherWidth_SaysWhichIsRight()
    {
        using var layer = new FeedForwardLayer(6, new DenseOptions { HiddenSize = 5 });
        var fault = Assert.Throws<ArgumentException>(() => layer.forward(zeros(2, 5)));
        Assert.Contains("[2, 5]; it must end in d_model, which is 6", fault.Message, StringComparison.Ordinal);
    }
}
