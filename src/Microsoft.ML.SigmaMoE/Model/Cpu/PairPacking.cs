using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Brings matrices into the order in which <see cref="Brgemm"/> wants its right side: B[K, N] as K / 2 rows of N pairs.
/// A pair is one 32-bit number: the elements k and k + 1 of a column.
/// </summary>
internal static unsafe class PairPacking
{
    /// <summary>
    /// Packs Wᵀ of a matrix W [rows, columns]: B has K = columns, N = rows. Two neighbours of a row of W are a pair
    /// already, so this transposes 32-bit numbers, sixteen rows at a time.
    /// </summary>
    /// <param name="weight">[rows, columns], float32.</param>
    /// <param name="packed">[paddedColumns / 2, rows] pairs.</param>
    /// <param name="stride">From one row of pairs to the next; what stands behind a row stays as it is.</param>
    /// <param name="rows">N.</param>
    /// <param name="columns">K before padding.</param>
    /// <param name="paddedColumns">K after padding with zeros, even.</param>
    /// <param name="strip">Room for 16 · paddedColumns bfloat16 numbers.</param>
    public static void Transposed(
        float* weight, uint* packed, int stride, int rows, int columns, int paddedColumns, ushort* strip)
    {
        if (paddedColumns > columns)
        {
            new Span<ushort>(strip, 16 * paddedColumns).Clear();
        }

        var pairs = paddedColumns / 2;
        for (var row = 0; row < rows; row += 16)
        {
            var height = Math.Min(16, rows - row);
            for (var i = 0; i < height; i++)
            {
                BFloat16Rounding.Round(
                    new(weight + (long)(row + i) * columns, columns), new(strip + i * paddedColumns, columns));
            }

            Transpose((uint*)strip, height, pairs, pairs, packed + row, stride);
        }
    }

    /// <summary>
    /// Packs a matrix W [rows, columns] as it is: B has K = rows, N = columns, rows 2k and 2k + 1 interleaved.
    /// </summary>
    /// <param name="weight">[rows, columns], float32.</param>
    /// <param name="packed">[paddedRows / 2, columns] pairs.</param>
    /// <param name="stride">From one row of pairs to the next; what stands behind a row stays as it is.</param>
    /// <param name="rows">K before padding.</param>
    /// <param name="paddedRows">K after padding with zeros, even.</param>
    /// <param name="columns">N.</param>
    /// <param name="strip">Room for 2 · columns bfloat16 numbers.</param>
    public static void Interleaved(
        float* weight, uint* packed, int stride, int rows, int paddedRows, int columns, ushort* strip)
    {
        var even = new Span<ushort>(strip, columns);
        var odd = new Span<ushort>(strip + columns, columns);
        for (var row = 0; row < paddedRows; row += 2)
        {
            RoundRow(weight, row, rows, columns, even);
            RoundRow(weight, row + 1, rows, columns, odd);
            Interleave(strip, strip + columns, packed + (long)row / 2 * stride, columns);
        }
    }

    /// <summary>Makes pairs of two rows.</summary>
    public static void Interleave(ushort* even, ushort* odd, uint* packed, int columns)
    {
        var column = 0;
        for (; column <= columns - 32; column += 32)
        {
            var (x, y) = (Vector512.Load(even + column), Vector512.Load(odd + column));
            (Vector512.WidenLower(x) | (Vector512.WidenLower(y) << 16)).Store(packed + column);
            (Vector512.WidenUpper(x) | (Vector512.WidenUpper(y) << 16)).Store(packed + column + 16);
        }

        for (; column < columns; column++)
        {
            packed[column] = even[column] | ((uint)odd[column] << 16);
        }
    }

    /// <summary>Transposes a matrix of 32-bit numbers, eight by eight where there are as many.</summary>
    /// <param name="source">[rows, columns], rows <paramref name="sourceStride"/> apart.</param>
    /// <param name="rows">Rows of the source.</param>
    /// <param name="columns">Columns of the source.</param>
    /// <param name="sourceStride">From one row of the source to the next.</param>
    /// <param name="target">[columns, rows], rows <paramref name="targetStride"/> apart.</param>
    /// <param name="targetStride">From one row of the target to the next.</param>
    public static void Transpose(
        uint* source, int rows, int columns, nint sourceStride, uint* target, nint targetStride)
    {
        var wholeRows = Avx.IsSupported ? rows & ~7 : 0;
        var wholeColumns = columns & ~7;
        // by rows of the target: eight of them, a power of two apart, are few enough for the sets of the cache
        for (var column = 0; column < wholeColumns; column += 8)
        {
            for (var row = 0; row < wholeRows; row += 8)
            {
                Transpose8(
                    (float*)source + row * sourceStride + column, sourceStride,
                    (float*)target + column * targetStride + row, targetStride);
            }
        }

        for (var row = 0; row < rows; row++)
        {
            for (var column = row < wholeRows ? wholeColumns : 0; column < columns; column++)
            {
                target[column * targetStride + row] = source[row * sourceStride + column];
            }
        }
    }

    private static void RoundRow(float* weight, int row, int rows, int columns, Span<ushort> target)
    {
        if (row < rows)
        {
            BFloat16Rounding.Round(new(weight + (long)row * columns, columns), target);
        }
        else
        {
            target.Clear();
        }
    }

    // In three rounds neighbours of one, two and four rows change places.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transpose8(float* a, nint stride, float* target, nint targetStride)
    {
        var (r0, r1) = (Vector256.Load(a), Vector256.Load(a + stride));
        var (r2, r3) = (Vector256.Load(a + 2 * stride), Vector256.Load(a + 3 * stride));
        var (r4, r5) = (Vector256.Load(a + 4 * stride), Vector256.Load(a + 5 * stride));
        var (r6, r7) = (Vector256.Load(a + 6 * stride), Vector256.Load(a + 7 * stride));
        var (t0, t1) = (Avx.UnpackLow(r0, r1), Avx.UnpackHigh(r0, r1));
        var (t2, t3) = (Avx.UnpackLow(r2, r3), Avx.UnpackHigh(r2, r3));
        var (t4, t5) = (Avx.UnpackLow(r4, r5), Avx.UnpackHigh(r4, r5));
        var (t6, t7) = (Avx.UnpackLow(r6, r7), Avx.UnpackHigh(r6, r7));
        var (s0, s1) = (Avx.Shuffle(t0, t2, 0x44), Avx.Shuffle(t0, t2, 0xEE));
        var (s2, s3) = (Avx.Shuffle(t1, t3, 0x44), Avx.Shuffle(t1, t3, 0xEE));
        var (s4, s5) = (Avx.Shuffle(t4, t6, 0x44), Avx.Shuffle(t4, t6, 0xEE));
        var (s6, s7) = (Avx.Shuffle(t5, t7, 0x44), Avx.Shuffle(t5, t7, 0xEE));
        Avx.Permute2x128(s0, s4, 0x20).Store(target);
        Avx.Permute2x128(s1, s5, 0x20).Store(target + targetStride);
        Avx.Permute2x128(s2, s6, 0x20).Store(target + 2 * targetStride);
        Avx.Permute2x128(s3, s7, 0x20).Store(target + 3 * targetStride);
        Avx.Permute2x128(s0, s4, 0x31).Store(target + 4 * targetStride);
        Avx.Permute2x128(s1, s5, 0x31).Store(target + 5 * targetStride);
        Avx.Permute2x128(s2, s6, 0x31).Store(target + 6 * targetStride);
        Avx.Permute2x128(s3, s7, 0x31).Store(target + 7 * targetStride);
    }
}
