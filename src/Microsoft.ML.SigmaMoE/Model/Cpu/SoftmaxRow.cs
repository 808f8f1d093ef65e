using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A softmax before its division, over one row in the first-level cache: row := exp(row + added − largest).
/// </summary>
internal static unsafe class SoftmaxRow
{
    /// <summary>Replaces logits by exponentials.</summary>
    /// <param name="row">Logits.</param>
    /// <param name="added">What is added to them first, as many.</param>
    /// <returns>
    /// The largest logit and the sum of the exponentials; the sum is no number where a logit is none.
    /// </returns>
    public static (float Largest, float Sum) Exponentiate(Span<float> row, ReadOnlySpan<float> added)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(added.Length, row.Length);
        fixed (float* x = row, y = added)
        {
            return Vector512.IsHardwareAccelerated
                ? Run<Lanes512, Vector512<float>>(x, y, row.Length)
                : Run<Lanes256, Vector256<float>>(x, y, row.Length);
        }
    }

    /// <summary>Does the same with registers of one width.</summary>
    internal static (float Largest, float Sum) Run<TLanes, TVector>(float* row, float* added, int count)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        var largest = Add<TLanes, TVector>(row, added, count);
        return (largest, Exponentiate<TLanes, TVector>(row, largest, count));
    }

    // Two independent maxima, as each waits for the one before it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Add<TLanes, TVector>(float* row, float* added, int count)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        var (even, odd) = (TLanes.Fill(float.NegativeInfinity), TLanes.Fill(float.NegativeInfinity));
        var i = 0;
        for (; i <= count - 2 * TLanes.Count; i += 2 * TLanes.Count)
        {
            var x = TLanes.Add(TLanes.Load(row + i), TLanes.Load(added + i));
            var y = TLanes.Add(TLanes.Load(row + i + TLanes.Count), TLanes.Load(added + i + TLanes.Count));
            TLanes.Store(x, row + i);
            TLanes.Store(y, row + i + TLanes.Count);
            (even, odd) = (TLanes.Larger(even, x), TLanes.Larger(odd, y));
        }

        var largest = TLanes.Largest(TLanes.Larger(even, odd));
        for (; i < count; i++)
        {
            row[i] += added[i];
            largest = MathF.Max(largest, row[i]);
        }

        return largest;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Exponentiate<TLanes, TVector>(float* row, float largest, int count)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        var (even, odd) = (TLanes.Fill(0), TLanes.Fill(0));
        var shift = TLanes.Fill(-largest);
        var i = 0;
        for (; i <= count - 2 * TLanes.Count; i += 2 * TLanes.Count)
        {
            var x = Exponential.Of<TLanes, TVector>(TLanes.Add(TLanes.Load(row + i), shift));
            var y = Exponential.Of<TLanes, TVector>(TLanes.Add(TLanes.Load(row + i + TLanes.Count), shift));
            TLanes.Store(x, row + i);
            TLanes.Store(y, row + i + TLanes.Count);
            (even, odd) = (TLanes.Add(even, x), TLanes.Add(odd, y));
        }

        var sum = TLanes.Sum(TLanes.Add(even, odd));
        for (; i < count; i++)
        {
            row[i] = MathF.Exp(row[i] - largest);
            sum += row[i];
        }

        return sum;
    }
}
