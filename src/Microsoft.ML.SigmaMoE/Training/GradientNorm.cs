using System.Numerics;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>The Euclidean length of all gradients together, and by how much a too long one is scaled.</summary>
internal static class GradientNorm
{
    // Short enough that a float32 sum of squares keeps six digits; blocks are summed in float64, always in one order.
    private const int BlockLength = 4096;

    /// <summary>Gets √(Σ g²) over all elements of all gradients.</summary>
    public static double Of(IEnumerable<Tensor> gradients)
    {
        var places = gradients.ToLookup(FloatSpan.Exists);
        return Math.Sqrt(places[true].Sum(SumOfSquares) + SumElsewhere([.. places[false]]));
    }

    /// <summary>Gets clip / (norm + 10⁻⁶), or 1 where that is not below 1, as PyTorch does.</summary>
    public static double ClipScale(double norm, double? clip) => clip is { } limit ? Math.Min(1, limit / (norm + 1e-6)) : 1;

    // from a device one number comes back, not one a tensor
    private static double SumElsewhere(Tensor[] gradients)
    {
        if (gradients.Length == 0)
        {
            return 0;
        }

        using var scope = NewDisposeScope();
        return stack(gradients.Select(gradient => (gradient * gradient).sum(ScalarType.Float64))).sum().item<double>();
    }

    private static double SumOfSquares(Tensor gradient)
    {
        var elements = FloatSpan.Of(gradient);
        var total = 0.0;
        for (var start = 0; start < elements.Length; start += BlockLength)
        {
            total += SumOfSquares(elements.Slice(start, Math.Min(BlockLength, elements.Length - start)));
        }

        return total;
    }

    private static float SumOfSquares(ReadOnlySpan<float> block)
    {
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(block);
        var sums = Vector<float>.Zero;
        foreach (var vector in vectors)
        {
            sums += vector * vector;
        }

        var total = Vector.Sum(sums);
        foreach (var element in block[(vectors.Length * Vector<float>.Count)..])
        {
            total += element * element;
        }

        return total;
    }
}
