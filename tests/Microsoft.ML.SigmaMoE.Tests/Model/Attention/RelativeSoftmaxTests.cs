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
        var positions = RelativePositions.Create(new(time, memory, sameLength), 4, CPU);
        using var randomness = new Randomness(3);
        long[] shape = [2, 3, time, memory + time];
        var (content, place) = (randomness.Normal(shape), randomness.Normal(shape));
        var gradient = randomness.Normal(shape);
        var (wanted, wantedByContent, wantedByPlace) = Run(
            RelativeSoftmax.Compose, content, place, positions, gradient);
        var (got, byContent, byPlace) = Run(RelativeSoftmax.Apply, content, place, positions, gradient);
        TensorAssert.Close(wanted, got, 1e-6, "probabilities");
        TensorAssert.Close(wantedByContent, byContent, 1e-6, "gradient by content");
        TensorAssert.Close(wantedByPlace, byPlace, 1e-6, "gradient by position");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Apply_ToSeveralDocuments_EqualsLibtorchsOperationsAndStaysInsideThem(bool sameLength)
    {
        using var scope = NewDisposeScope();
        int[] starts = [0, 2, 4, 4, 5, 7, 7, 1, 1, 3, 6, 6, 6, 6]; // two rows of the batch, 7 queries each
        var positions = RelativePositions.Create(new(7, 5, sameLength, starts), 4, CPU);
        using var randomness = new Randomness(3);
        long[] shape = [2, 3, 7, 12];
        var (content, place, gradient) = (randomness.Normal(shape), randomness.Normal(shape), randomness.Normal(shape));
        var (wanted, wantedByContent, wantedByPlace) = Run(
            RelativeSoftmax.Compose, content, place, positions, gradient);
        var (got, byContent, byPlace) = Run(RelativeSoftmax.Apply, content, place, positions, gradient);
        TensorAssert.Close(wanted, got, 1e-6, "probabilities");
        TensorAssert.Close(wantedByContent, byContent, 1e-6, "gradient by content");
        TensorAssert.Close(wantedByPlace, byPlace, 1e-6, "gradient by position");
        for (var query = 0; query < starts.Length; query++)
        {
            var row = got[query / 7].narrow(1, query % 7, 1);                       // [heads, 1, keys]
            Assert.Equal(0, row.narrow(2, 0, starts[query]).sum().item<float>());
            Assert.True(row[0, 0, Math.Max(starts[query], sameLength ? query % 7 : 0)].item<float>() > 0);
        }
    }

    [Fact]
    public void Apply_InBFloat16_EqualsLibtorchsOperationsUpToRounding()
    {
        using var scope = NewDisposeScope();
        var positions = RelativePositions.Create(new(20, 13), 4, CPU);
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
        var positions = RelativePositions.Create(new(4, 0), 4, CPU);
        var large = full([1, 1, 4, 4], 3e4f);
        var probabilities = RelativeSoftmax.Apply(large, large, positions);
        TensorAssert.Close(ones(4), probabilities.sum(dim: -1).flatten(), 1e-5, "sums");
    }

    private static (Tensor Probabilities, Tensor ByContent, Tensor ByPlace) Run(
        Func<Tensor, Tensor, RelativePositions, Tensor> softmax, Tensor content, Tensor place,
        RelativePositions positions, Tensor gradient)
    {
        var (a, b) = (content.clone().requires_grad_(true), place.clone().requires_grad_(true));
        var probabilities = softmax(a, b, positions);
        (probabilities * gradient).sum().backward();
        return (probabilities, a.grad!, b.grad!);
    }
}
