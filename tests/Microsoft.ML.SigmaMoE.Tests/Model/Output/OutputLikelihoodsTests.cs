using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class OutputLikelihoodsTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 8, 5)]
    [InlineData(2, 7, 64)]
    [InlineData(31, 12, 100)]
    [InlineData(300, 41, 37)]
    [InlineData(40, 3, 40_000)]    // several blocks
    public void Of_AnySize_IsTheLogarithmOfTheSoftmax(int tokens, int modelSize, int vocabulary)
    {
        using var scope = NewDisposeScope();
        var (hidden, matrix, bias, targets) = Draw(tokens, modelSize, vocabulary);
        var wanted = Wanted(hidden, matrix, bias, targets);
        TensorAssert.Close(wanted, OutputLikelihoods.Of(hidden, matrix, bias, targets, new(ScalarType.Float32)), 1e-6);
        TensorAssert.Close(wanted, OutputLikelihoods.Compose(hidden.mm(matrix.t()), bias, targets), 1e-6);
    }

    [Fact]
    public void Of_InBFloat16_IsTheSameUpToRounding()
    {
        using var scope = NewDisposeScope();
        var (hidden, matrix, bias, targets) = Draw(70, 33, 513);
        var got = OutputLikelihoods.Of(hidden, matrix, bias, targets, new(ScalarType.BFloat16));
        Assert.Equal(ScalarType.Float32, got.dtype);
        TensorAssert.Close(Wanted(hidden, matrix, bias, targets), got, 1e-2);
    }

    [Fact]
    public void Of_LargeLogits_DoesNotOverflow()
    {
        using var scope = NewDisposeScope();
        var (hidden, matrix, bias, targets) = Draw(20, 16, 50);
        TensorAssert.Close(
            Wanted(hidden * 1000, matrix, bias, targets),
            OutputLikelihoods.Of(hidden * 1000, matrix, bias, targets, new(ScalarType.Float32)),
            1e-6);
    }

    [Fact]
    public void Loss_WithoutAGradient_IsTheirMean()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var (hidden, matrix, bias, targets) = Draw(70, 33, 513);
        var loss = OutputLoss.Apply(hidden, matrix, bias, targets, new(ScalarType.Float32));
        Assert.Empty(loss.shape);
        TensorAssert.Close(Wanted(hidden, matrix, bias, targets).mean().neg(), loss, 1e-6);
    }

    private static (Tensor Hidden, Tensor Matrix, Tensor Bias, Tensor Targets) Draw(
        int tokens, int modelSize, int vocabulary)
    {
        using var randomness = new Randomness(5);
        return (
            randomness.Normal([tokens, modelSize]),
            randomness.Normal([vocabulary, modelSize]),
            randomness.Normal([vocabulary]),
            arange(tokens).mul(7919).remainder(vocabulary));
    }

    private static Tensor Wanted(Tensor hidden, Tensor matrix, Tensor bias, Tensor targets) =>
        (hidden.to(ScalarType.Float64).mm(matrix.to(ScalarType.Float64).t()) + bias.to(ScalarType.Float64))
            .log_softmax(-1).gather(1, targets.unsqueeze(-1)).squeeze(-1);
}
