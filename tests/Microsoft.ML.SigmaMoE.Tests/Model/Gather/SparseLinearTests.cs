using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class SparseLinearTests
{
    [Theory]
    [InlineData(1, 1, 16, 0.5)]
    [InlineData(7, 13, 20, 0.9)]
    [InlineData(33, 100, 104, 0.95)]
    [InlineData(20, 64, 513, 1)]
    public void Apply_GivenAMaskedInput_EqualsTheDenseProductWithBothGradients(
        int tokens, int inputs, int outputs, double zeros)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)outputs);
        var mask = rand([tokens, inputs], generator: generator).ge(zeros);
        var (x, weight) =
            (randn([tokens, inputs], generator: generator), randn([outputs, inputs], generator: generator));
        var arriving = randn([tokens, outputs], generator: generator);
        var expected = Differentiate((hidden, by) => nn.functional.linear(hidden, by), x, mask, weight, arriving);
        var actual = Differentiate(SparseLinear.Apply, x, mask, weight, arriving);
        foreach (var (wanted, got) in expected.Zip(actual))
        {
            TensorAssert.Close(wanted, got, 5e-6);
            Assert.True(got.is_contiguous());
        }
    }

    // whether the tiniest numbers count as 0 is a setting of each thread: they are kept whatever it is
    [Fact]
    public void OfNonZeros_GivenTheTiniestNumbers_KeepsAllButZeros()
    {
        using var scope = NewDisposeScope();
        float[] numbers = [0, -0f, float.Epsilon, -float.Epsilon, 1e-40f, float.NaN, 1, 0, -0f, 0, float.Epsilon];
        var matrix = SparseMatrix.OfNonZeros(from_array(numbers).view(1, -1));
        Assert.Equal([2, 3, 4, 5, 6, 10], matrix.Places.data<int>().ToArray());
    }

    [Fact]
    public void Apply_CalledAgain_LeavesNoTensors()
    {
        using var scope = NewDisposeScope();
        var (x, mask, weight, arriving) = (randn(9, 30), rand(9, 30).ge(0.9), randn(20, 30), randn(9, 20));
        void Run()
        {
            using var inner = NewDisposeScope();
            Differentiate(SparseLinear.Apply, x, mask, weight, arriving);
        }

        Run();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Run();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Theory]
    [InlineData(2048, 128, 2048, true)]
    [InlineData(2048, 129, 2048, false)]
    [InlineData(512, 1, 16, true)]
    [InlineData(511, 1, 16, false)]
    public void Pays_GivenAShape_AsksForFewNumbersAndManyTokens(long tokens, long kept, long inputs, bool expected) =>
        Assert.Equal(expected, SparseLinear.Pays(tokens, kept, inputs));

    [Fact]
    public void Takes_GivenOtherNumbersThanFloat32_Refuses()
    {
        using var scope = NewDisposeScope();
        var weight = zeros(32, 4);
        Assert.Equal(Processor.HasRegisterTiles, SparseLinear.Takes(zeros(2, 4), weight));
        Assert.False(SparseLinear.Takes(zeros(2, 4, dtype: ScalarType.BFloat16), weight));
        Assert.False(SparseLinear.Takes(zeros(2, 4), zeros(3, 4)));
    }

    // Whole numbers are equal often: the block keeps all that equal the K-th largest, and so must the sparse product.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TopKBlock_WhereHiddenNumbersAreEqual_ComputesWithAllThatItKeeps(bool rankByContribution)
    {
        using var scope = NewDisposeScope();
        using var randomness = new Randomness(3);
        var options = new TopKOptions { HiddenSize = 64, ActiveChannels = 4, RankByContribution = rankByContribution };
        using var block = new TopKFeedForward(options, new(new() { ModelSize = 24 }, ScalarType.Float32, randomness));
        using (no_grad())
        {
            Array.ForEach(
                [.. block.parameters()], weight => weight.copy_((randomness.Normal(weight.shape) * 0.7).round()));
        }

        var x = randomness.Normal([4, 128, 24]).round().requires_grad_();
        var kept = block.Largest(block.Hidden(x));
        var counts = kept.ne(0).sum(-1);
        Assert.InRange(counts.max().item<long>(), 5, 64);
        Assert.True(
            SparseLinear.Pays(512, 4, 64) && SparseLinear.Takes(kept.flatten(0, 1), block.get_parameter("down")!));

        var arriving = randomness.Normal(x.shape);
        var expected = Gradients(
            nn.functional.linear(kept, block.get_parameter("down")!, block.get_parameter("down_bias")), arriving, block,
            x);
        var actual = Gradients(block.forward(x).Hidden, arriving, block, x);
        Assert.All(expected, pair => TensorAssert.Close(pair.Value, actual[pair.Key], 5e-6, pair.Key));
    }

    private static Dictionary<string, Tensor> Gradients(Tensor output, Tensor arriving, TopKFeedForward block, Tensor x)
    {
        block.zero_grad();
        x.grad = null;
        (output * arriving).sum().backward();
        var results = block.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter.grad!.clone());
        (results["output"], results["x"]) = (output.detach(), x.grad!.clone());
        return results;
    }

    private static Tensor[] Differentiate(
        Func<Tensor, Tensor, Tensor> product, Tensor x, Tensor mask, Tensor weight, Tensor arriving)
    {
        var (input, by) = (x.detach().requires_grad_(), weight.detach().requires_grad_());
        var output = product(input * mask, by);
        (output * arriving).sum().backward();
        return [output.detach(), input.grad!, by.grad!];
    }
}
