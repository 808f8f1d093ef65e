using System.Runtime.CompilerServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// e^x of registers: 2ⁿ · e^r with n = round(x / ln 2) and the series of e^r to r⁷ / 7!, which leaves 10⁻⁸ at |r| ≤ ln
/// 2 / 2.
/// </summary>
internal static class Exponential
{
    // The least power of two that is a normal number: below it, exponentials are as at it.
    private const float Least = -87;

    // e^89 is infinite, and σ(−89) 0; the power of two of a larger number would be none.
    private const float Most = 89;

    /// <summary>Computes e^x for x ≤ 89, from 88.4 on infinite; no number where x is none.</summary>
    // ln 2 in two parts: n times the first is exact.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Of<TLanes, TVector>(TVector x)
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

    /// <summary>Computes σ(x) = 1 / (1 + e^−x); no number where x is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Logistic<TLanes, TVector>(TVector x)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        var minus = TLanes.Multiply(TLanes.Larger(TLanes.Fill(-Most), x), TLanes.Fill(-1));
        var one = TLanes.Fill(1);
        return TLanes.Divide(one, TLanes.Add(one, Of<TLanes, TVector>(minus)));
    }
}
