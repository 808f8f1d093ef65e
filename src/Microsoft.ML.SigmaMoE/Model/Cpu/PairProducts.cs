using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Products of a vector with a matrix in pairs, the order of <see cref="PairPacking"/>, which only processors with
/// AVX-512 use. Numbers are widened as they are read; sums are float32. A row of pairs at a time: sums in registers,
/// which have to go down the columns, were no faster. What is read ahead is: without it a core waits for memory a third
/// of the time.
/// </summary>
internal static unsafe class PairProducts
{
    // rows of pairs whose factors are looked at together
    private const int Most = 256;

    /// <summary>sums[n] += Σ_k factors[k] · B[k, n]. Pairs of rows whose factors are both 0 are not read.</summary>
    /// <param name="pairs">B: [inner / 2, columns] pairs.</param>
    /// <param name="stride">From one row of pairs to the next.</param>
    /// <param name="factors">[inner].</param>
    /// <param name="inner">K; where it is odd, the last row of pairs has one factor.</param>
    /// <param name="columns">N.</param>
    /// <param name="sums">[columns].</param>
    public static void Add(uint* pairs, int stride, float* factors, int inner, int columns, float* sums)
    {
        var ahead = Math.Max(1, RowProducts.BytesAhead / sizeof(uint) / stride);
        var living = stackalloc int[Most];
        for (var start = 0; start < inner; start += 2 * Most)
        {
            var count = Find(factors, start, Math.Min(inner, start + 2 * Most), living);
            for (var i = 0; i < count; i++)
            {
                var k = living[i];
                var next = pairs + (long)living[Math.Min(i + ahead, count - 1)] / 2 * stride;
                Add(pairs + (long)k / 2 * stride, next, factors[k], k + 1 < inner ? factors[k + 1] : 0, columns, sums);
            }
        }
    }

    // Where the pairs of factors begin that are not both 0.
    private static int Find(float* factors, int first, int end, int* living)
    {
        var count = 0;
        for (var k = first; k < end; k += 2)
        {
            living[count] = k;
            count += factors[k] != 0 || (k + 1 < end && factors[k + 1] != 0) ? 1 : 0;
        }

        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add(uint* row, uint* next, float even, float odd, int columns, float* sums)
    {
        var upper = Vector512.Create(0xFFFF0000u);
        var (x, y) = (Vector512.Create(even), Vector512.Create(odd));
        var n = 0;
        for (; n <= columns - 16; n += 16)
        {
            Sse.Prefetch1(next + n);
            var pairs = Vector512.Load(row + n);
            var sum = Vector512.FusedMultiplyAdd((pairs << 16).AsSingle(), x, Vector512.Load(sums + n));
            Vector512.FusedMultiplyAdd((pairs & upper).AsSingle(), y, sum).Store(sums + n);
        }

        for (; n < columns; n++)
        {
            sums[n] += BitConverter.UInt32BitsToSingle(row[n] << 16) * even;
            sums[n] += BitConverter.UInt32BitsToSingle(row[n] & 0xFFFF0000) * odd;
        }
    }
}
