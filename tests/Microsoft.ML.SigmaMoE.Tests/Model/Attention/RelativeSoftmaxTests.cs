using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class RelativeSoftmaxTests
{
    [Theory]
    [InlineData(1, 0, false)]
    [InlineData(1, 5, false)]
    [InlineData(7, 0, true)]
    [InlineData(7, 3, true)]
    [InlineData(16, 33, false)]
    [InlineData(33, 16, true)]
    public void Apply_OnTheProcessor_EqualsLibtorchsOperationsForwardAndBackward(int time, int memory, bool sameLength)
    {
        using var scope = NewDisposeScope();
        var positions = RelativePositions.Create(time, memory, 4, sameLength, CPU);
        using var randomness = new Randomness(3);
        long[] shape = [2, 3, time, memory + time];
        var (content, place) = (randomness.Normal(shape), randomness.Normal(shape));
        var gradient = randomness.Normal(shape);
        var (wanted, wantedByContent, wantedByPlace) = Run(RelativeSoftmax.Compose, content, place, positions, gradient);
        var (got, byContent, byPlace) = Run(RelativeSoftmax.Apply, content, place, positions, gradient);
        TensorAssert.Close(wanted, got, 1e-6, "probabilities");
        TensorAssert.Close(wantedByContent, byContent, 1e-6, "gradient by content");
        TensorAssert.Close(wantedByPlace, byPlace, 1e-6, "gradient by position");
    }

    [Fact]
    public void Apply_InBFloat16_EqualsLibtorchsOperationsUpToRounding()
    {
        using var scope = NewDisposeScope();
        var positions = RelativePositions.Create(20, 13, 4, false, CPU);
        using var randomness = new Randomness(3);
        long[] shape = [2, 2, 20, 33];
        var content = randomness.Normal(shape).to(ScalarType.BFloat16);
        var place = randomness.Normal(shape).to(ScalarType.BFloat16);
        using var quiet = no_grad();
        var got = RelativeSoftmax.Apply(content, place, positions);
        Assert.Equal(ScalarType.BFloat16, got.dtype);
        TensorAssert.Close(RelativeSoftmax.Compose(content, place, positions), got, 4e-3, "probabilities");
    }

    [Fact]
    public void Apply_GivenLargeLogits_StaysFinite()
    {
        using var scope = NewDisposeScope();
        var positions = RelativePositions.Create(4, 0, 4, false, CPU);
        var large = full([1, 1, 4, 4], 3e4f);
        var probabilities = RelativeSoftmax.Apply(large, large, positions);
        TensorAssert.Close(ones(4), probabilities.sum(dim: -1).flatten(), 1e-5, "sums");
    }

    private static (Tensor Probabilities, Tensor ByContent, Tensor ByPlace) Run(
        Func<Tensor, Tensor, RelativePositions, Tensor> softmax, Tensor content, Tensor place, RelativePositions positions, Tensor gradient)
    {
        var (a, b) = (content.clone().requires_grad_(true), place.clone().requires_grad_(true));
        var probabilities = softmax(a, b, positions);
        (probabilities * gradient).sum().backward();
        return (probabilities, a.grad!, b.grad!);
    }
}
