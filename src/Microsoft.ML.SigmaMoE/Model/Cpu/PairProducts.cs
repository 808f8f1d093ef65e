using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Products of a vector with a matrix in pairs, the order of <see cref="PairPacking"/>, which only processors with AVX-512
/// use. Numbers are widened as they are read; sums are float32. A row of pairs at a time: sums in registers, which have to go
/// down the columns, were no faster. What is read ahead is: without it a core waits for memory a third of the time.
/// </summary>
internal static unsafe class PairProducts
{
    private const int PairsAhead = RowProducts.BytesAhead / sizeof(uint);

    /// <summary>sums[n] += Σ_k factors[k] · B[k, n]. Pairs of rows whose factors are both 0 are not read.</summary>
    /// <param name="pairs">B: [inner / 2, columns] pairs.</param>
    /// <param name="stride">From one row of pairs to the next.</param>
    /// <param name="factors">[inner].</param>
    /// <param name="inner">K; where it is odd, the last row of pairs has one factor.</param>
    /// <param name="columns">N.</param>
    /// <param name="sums">[columns].</param>
    public static void Add(uint* pairs, int stride, float* factors, int inner, int columns, float* sums)
    {
        for (var k = 0; k < inner; k += 2)
        {
            var (even, odd) = (factors[k], k + 1 < inner ? factors[k + 1] : 0);
            if (even != 0 || odd != 0)
            {
                Add(pairs + (long)k / 2 * stride, even, odd, columns, sums);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add(uint* row, float even, float odd, int columns, float* sums)
    {
        var upper = Vector512.Create(0xFFFF0000u);
        var (x, y) = (Vector512.Create(even), Vector512.Create(odd));
        var n = 0;
        for (; n <= columns - 16; n += 16)
        {
            Sse.Prefetch1(row + n + PairsAhead);
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
