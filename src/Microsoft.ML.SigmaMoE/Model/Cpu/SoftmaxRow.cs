using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A softmax before its division, over one row in the first-level cache: row := exp(row + added − largest). The
/// exponential is 2ⁿ · e^r with n = round(x / ln 2) and the series of e^r to r⁷ / 7!, which leaves 10⁻⁸ at |r| ≤ ln 2 / 2.
/// </summary>
internal static unsafe class SoftmaxRow
{
    // The least power of two that is a normal number: below it, exponentials are as at it.
    private const float Least = -87;

    /// <summary>Replaces logits by exponentials.</summary>
    /// <param name="row">Logits.</param>
    /// <param name="added">What is added to them first, as many.</param>
    /// <returns>The largest logit and the sum of the exponentials; the sum is no number where a logit is none.</returns>
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
            var x = Exp<TLanes, TVector>(TLanes.Add(TLanes.Load(row + i), shift));
            var y = Exp<TLanes, TVector>(TLanes.Add(TLanes.Load(row + i + TLanes.Count), shift));
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

    // ln 2 in two parts: n times the first is exact.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Exp<TLanes, TVector>(TVector x)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        x = TLanes.Larger(TLanes.Fill(Least), x);
        var (n, power) = TLanes.PowerOfTwo(TLanes.Multiply(x, TLanes.Fill(1 / 0.69314718f)));
        var r = TLanes.MultiplyAdd(n, TLanes.Fill(-0.693359375f), x);
        r = TLanes.MultiplyAdd(n, TLanes.Fill(2.1219444e-4f), r);
        var series = TLanes.Fill(1f / 5040);
        series = TLanes.MultiplyAdd(series, r, TLanes.Fill(1f / 720));
        series = TLanes.MultiplyAdd(series, r, TLanes.Fill(1f / 120));
        series = TLanes.MultiplyAdd(series, r, TLanes.Fill(1f / 24));
        series = TLanes.MultiplyAdd(series, r, TLanes.Fill(1f / 6));
        series = TLanes.MultiplyAdd(series, r, TLanes.Fill(0.5f));
        series = TLanes.MultiplyAdd(series, r, TLanes.Fill(1));
        series = TLanes.MultiplyAdd(series, r, TLanes.Fill(1));
        return TLanes.Multiply(series, power);
    }
}
