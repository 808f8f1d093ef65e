using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// C[rows, outputs] = A[rows, inner] · W[outputs, inner]ᵀ in float32, both sides as they are stored: every number of C
/// is the product of a row with a row. Nothing is packed first, which for some hundred rows takes longer than it saves.
/// A number of C does not depend on how many others are computed with it, but for a single row or fewer than four
/// outputs.
/// </summary>
internal static unsafe class DotTiles<TLanes, TVector>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    private const int Outputs = DotTile<TLanes, TVector>.Outputs;
    private const int LineSize = 16;

    // Rows of A that stay in the second-level cache.
    private const int BlockSize = 1 << 16;
    private const int MostRows = 126;

    /// <summary>Multiplies.</summary>
    /// <param name="left">A.</param>
    /// <param name="rows">Rows of A and C.</param>
    /// <param name="strideLeft">From one row of A to the next.</param>
    /// <param name="right">W, its rows one behind the other.</param>
    /// <param name="outputs">Rows of W, columns of C.</param>
    /// <param name="inner">Columns of A and W.</param>
    /// <param name="target">C.</param>
    /// <param name="strideTarget">From one row of C to the next.</param>
    public static void Multiply(
        float* left, int rows, nint strideLeft, float* right, int outputs, int inner, float* target, nint strideTarget)
    {
        if (rows == 1 || outputs < Outputs)
        {
            for (var row = 0; row < rows; row++)
            {
                RowProducts.Dot(right, outputs, inner, left + row * strideLeft, target + row * strideTarget);
            }

            return;
        }

        var most = Math.Clamp(BlockSize / inner / 6 * 6, 6, MostRows);
        using var padding = inner % TLanes.Count == 0
            ? null
            : new DotPadding(Math.Min(rows, most), Outputs, inner, TLanes.Count);
        for (var row = 0; row < rows; row += most)
        {
            // two rows at least: of one that is left over, the one before is computed again
            var first = Math.Min(row, rows - 2);
            var count = Math.Min(most, rows - first);
            var a = left + first * strideLeft;
            var c = target + first * strideTarget;
            if (padding is null)
            {
                Block(a, count, strideLeft, right, outputs, inner, null, c, strideTarget);
            }
            else
            {
                Block(
                    padding.Left(a, count, strideLeft), count, padding.Inner, right, outputs, inner, padding, c,
                    strideTarget);
            }
        }
    }

    private static void Block(
        float* a, int rows, nint strideA, float* right, int outputs, int inner, DotPadding? padding, float* c,
        nint strideC)
    {
        for (var output = 0; output < outputs; output += Outputs)
        {
            // four at least: of fewer that are left over, those before are computed again
            var first = Math.Min(output, outputs - Outputs);
            var w = right + (long)first * inner;
            var ahead = new ReadOnlySpan<float>(
                w + Outputs * inner, first + 2 * Outputs <= outputs ? Outputs * inner : 0);
            if (padding is null)
            {
                Strip(a, rows, strideA, w, inner, inner, c + first, strideC, ahead);
            }
            else
            {
                Strip(a, rows, strideA, padding.Right(w), padding.Inner, padding.Inner, c + first, strideC, ahead);
            }
        }
    }

    // Four outputs of all rows. Meanwhile the next four rows of W come from memory.
    private static void Strip(
        float* a, int rows, nint strideA, float* w, nint strideW, int inner, float* c, nint strideC,
        ReadOnlySpan<float> ahead)
    {
        fixed (float* next = ahead)
        {
            for (int row = 0, fetched = 0; row < rows;)
            {
                var first = Math.Min(row, rows - 2);
                var height = Height(rows - first);
                row = first + height;
                for (var end = (int)((long)ahead.Length * row / rows); Sse.IsSupported && fetched < end; fetched += LineSize)
                {
                    Sse.Prefetch1(next + fetched);
                }

                DotTile<TLanes, TVector>.Multiply(
                    height, a + first * strideA, strideA, w, strideW, inner, c + first * strideC, strideC);
            }
        }
    }

    // Of what remains: tiles of six rows while they leave none, four or more; then of four and two. Sixteen registers
    // hold two.
    private static int Height(int rows) => TLanes.Count < 16 ? 2 : rows switch
    {
        6 or >= 10 => 6,
        >= 4 => 4,
        _ => 2,
    };
}
