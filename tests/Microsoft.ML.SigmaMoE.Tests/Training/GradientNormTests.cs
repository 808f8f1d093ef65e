using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class GradientNormTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void Of_KnownNumbers_IsTheLengthOverAll() =>
        Assert.Equal(
            13, GradientNorm.Of([tensor(new[] { 3f, 0 }), tensor(new[] { 4f }), tensor(new[] { 12f, 0, 0 }, 3, 1)]), 6);

    [Fact]
    public void Of_ManyElementsOfAnyLayout_EqualsFloat64()
    {
        using var randomness = new Randomness(1);
        var large = randomness.Normal([123, 457]);
        Tensor[] gradients = [large, randomness.Normal([4097]), large.t(), large.to(ScalarType.Float64)];
        var expected = Math.Sqrt(
            gradients.Sum(gradient => gradient.to(ScalarType.Float64).square().sum().item<double>()));
        Assert.Equal(1, GradientNorm.Of(gradients) / expected, 7);
    }

    [Fact]
    public void Of_MillionsOfElements_IsTheSameOnAnyNumberOfThreads()
    {
        using var randomness = new Randomness(1);
        Tensor[] gradients = [randomness.Normal([1100, 1201]), randomness.Normal([70_001])];
        var expected = Math.Sqrt(
            gradients.Sum(gradient => gradient.to(ScalarType.Float64).square().sum().item<double>()));
        using var workers = new TrainingWorkers(2);   // each with one thread
        var norms = workers.Run(_ => GradientNorm.Of(gradients));
        Assert.Equal(1, norms[0] / expected, 7);
        Assert.Equal(GradientNorm.Of(gradients), norms[0]);
        Assert.Equal(norms[0], norms[1]);
    }

    [Fact]
    public void Of_NotANumber_IsNotANumber() =>
        Assert.False(double.IsFinite(GradientNorm.Of([ones(3), tensor(new[] { 1f, float.NaN })])));

    [Theory]
    [InlineData(0.1, null, 1)]
    [InlineData(0.1, 0.25, 1)]
    [InlineData(0.5, 0.25, 0.25 / 0.500001)]
    [InlineData(0.25, 0.25, 0.25 / 0.250001)]
    public void ClipScale_OnlyShortens(double norm, double? clip, double expected) =>
        Assert.Equal(expected, GradientNorm.ClipScale(norm, clip), 12);
}
