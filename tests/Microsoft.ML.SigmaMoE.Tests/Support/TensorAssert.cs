using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Compares tensors and names the worst element.</summary>
internal static class TensorAssert
{
    /// <summary>Asserts that the largest difference is at most tolerance · max(1, max |expected|).</summary>
    /// <returns>The largest difference over max(1, max |expected|).</returns>
    public static double Close(Tensor expected, Tensor actual, double tolerance, string name = "tensor")
    {
        using var scope = NewDisposeScope();
        Assert.True(
            expected.shape.SequenceEqual(actual.shape),
            $"{name}: expected shape [{string.Join(", ", expected.shape)}], actual [{string.Join(", ", actual.shape)}].");
        if (expected.numel() == 0)
        {
            return 0;
        }

        var (wanted, got) =
            (expected.to(ScalarType.Float64).flatten(), actual.detach().to(ScalarType.Float64).flatten());
        var difference = (wanted - got).abs().nan_to_num(double.PositiveInfinity);
        var worst = difference.argmax().item<long>();
        var scale = Math.Max(1, wanted.abs().max().item<double>());
        Assert.True(
            difference[worst].item<double>() <= tolerance * scale,
            $"{name}: element {worst} of {difference.numel()} is {got[worst].item<double>():R}, expected "
            + $"{wanted[worst].item<double>():R}; the difference is over {tolerance * scale:G3}.");
        return difference[worst].item<double>() / scale;
    }

    /// <summary>Asserts that two tensors hold the same bits.</summary>
    public static void Same(Tensor expected, Tensor actual, string name = "tensor") => Close(expected, actual, 0, name);
}
