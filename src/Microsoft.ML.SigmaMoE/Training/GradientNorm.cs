using System.Numerics;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>The Euclidean length of all gradients together, and by how much a too long one is scaled.</summary>
internal static class GradientNorm
{
    // Short enough that a float32 sum of squares keeps six digits; sums of blocks are added in float64.
    private const int BlockLength = 4096;

    // What a thread takes at once. Sums of pieces are added in one order, however many threads there are.
    private const int PieceLength = 1 << 16;

    // About half a millisecond on one core; below it, waking more threads costs as much as they save.
    private const long ParallelLength = 1 << 20;

    /// <summary>Gets √(Σ g²) over all elements of all gradients.</summary>
    public static double Of(IEnumerable<Tensor> gradients)
    {
        var places = gradients.ToLookup(FloatSpan.Exists);
        return Math.Sqrt(SumHere([.. places[true].SelectMany(Pieces)]) + SumElsewhere([.. places[false]]));
    }

    /// <summary>Gets clip / (norm + 10⁻⁶), or 1 where that is not below 1, as PyTorch does.</summary>
    public static double ClipScale(double norm, double? clip) =>
        clip is { } limit ? Math.Min(1, limit / (norm + 1e-6)) : 1;

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

    private static double SumHere((Tensor Gradient, int Start, int Length)[] pieces)
    {
        var sums = new double[pieces.Length];
        void Sum(int piece)
        {
            var (gradient, start, length) = pieces[piece];
            sums[piece] = SumOfBlocks(FloatSpan.Of(gradient).Slice(start, length));
        }

        CpuWork.Run(pieces.Sum(piece => (long)piece.Length) < ParallelLength ? 1 : CpuWork.Threads, pieces.Length, Sum);
        return sums.Sum();
    }

    private static IEnumerable<(Tensor Gradient, int Start, int Length)> Pieces(Tensor gradient)
    {
        var length = gradient.numel();
        for (var start = 0; start < length; start += PieceLength)
        {
            yield return (gradient, start, (int)Math.Min(PieceLength, length - start));
        }
    }

    private static double SumOfBlocks(ReadOnlySpan<float> elements)
    {
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
        var (a, b, c, d) = (Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero);
        var place = 0;
        for (; place <= vectors.Length - 4; place += 4)   // four sums, as each addition waits for the one before it
        {
            a += vectors[place] * vectors[place];
            b += vectors[place + 1] * vectors[place + 1];
            c += vectors[place + 2] * vectors[place + 2];
            d += vectors[place + 3] * vectors[place + 3];
        }

        for (; place < vectors.Length; place++)
        {
            a += vectors[place] * vectors[place];
        }

        var total = Vector.Sum((a + b) + (c + d));
        foreach (var element in block[(vectors.Length * Vector<float>.Count)..])
        {
            total += element * element;
        }

        return total;
    }
}
