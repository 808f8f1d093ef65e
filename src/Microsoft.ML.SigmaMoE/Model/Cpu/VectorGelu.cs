using System.Runtime.CompilerServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// x · Φ(x), whose derivative is Φ(x) + x · e^(−x²/2) / √(2π). Φ is right to 10⁻⁷: for z = |x| / √2 and t = 1 / (1 +
/// 0.3275911 z), erfc z is about a polynomial in t times e^(−z²) (Abramowitz and Stegun 7.1.26), and the derivative
/// needs the same power.
/// </summary>
internal readonly struct VectorGelu : IVectorActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Value<TLanes, TVector>(TVector x)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        var (distribution, _) = Normal<TLanes, TVector>(x);
        return TLanes.Multiply(x, distribution);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (TVector Value, TVector Gradient) Differentiate<TLanes, TVector>(TVector x, TVector by)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        var (distribution, power) = Normal<TLanes, TVector>(x);
        var slope = TLanes.MultiplyAdd(TLanes.Multiply(x, TLanes.Fill(0.3989422804f)), power, distribution);
        return (TLanes.Multiply(x, distribution), TLanes.Multiply(by, slope));
    }

    // Φ(x) and e^(−x²/2), which is 0 where it is smaller than normal numbers. What stands in the polynomial is halved.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (TVector Distribution, TVector Power) Normal<TLanes, TVector>(TVector x)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        var exponent = TLanes.Multiply(TLanes.Multiply(x, TLanes.Fill(-0.5f)), x);
        var power = TLanes.WhereAboveZero(
            TLanes.Add(exponent, TLanes.Fill(87)), Exponential.Of<TLanes, TVector>(exponent));
        var size = TLanes.Max(x, TLanes.Multiply(x, TLanes.Fill(-1)));
        var one = TLanes.Fill(1);
        var t = TLanes.Divide(one, TLanes.MultiplyAdd(size, TLanes.Fill(0.3275911f * 0.70710678f), one));
        var sum = TLanes.Fill(0.5f * 1.061405429f);
        sum = TLanes.MultiplyAdd(sum, t, TLanes.Fill(0.5f * -1.453152027f));
        sum = TLanes.MultiplyAdd(sum, t, TLanes.Fill(0.5f * 1.421413741f));
        sum = TLanes.MultiplyAdd(sum, t, TLanes.Fill(0.5f * -0.284496736f));
        sum = TLanes.MultiplyAdd(sum, t, TLanes.Fill(0.5f * 0.254829592f));
        var beyond = TLanes.Multiply(TLanes.Multiply(sum, t), power);                       // Φ(−|x|)
        var upper = TLanes.WhereAboveZero(x, TLanes.MultiplyAdd(beyond, TLanes.Fill(-2), one));
        return (TLanes.Add(beyond, upper), power);                                           // 1 − Φ(−|x|) above zero
    }
}
