using System.Runtime.CompilerServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// ½ x (1 + tanh u), u = √(2/π) (x + 0.044715 x³). As ½ (1 + tanh u) = σ(2u) = s, it is x · s, and its derivative
/// s + x · s (1 − s) · 2u′.
/// </summary>
internal readonly struct VectorGeluTanh : IVectorActivation
{
    private const float Linear = 1.5957691216057308f;           // 2 √(2/π)
    private const float Cubic = Linear * 0.044715f;
    private const float Most = 1e4f; // of x²: there s has long been 0 or 1, and nothing overflows

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Value<TLanes, TVector>(TVector x)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct => TLanes.Multiply(x, Gate<TLanes, TVector>(x, Square<TLanes, TVector>(x)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (TVector Value, TVector Gradient) Differentiate<TLanes, TVector>(TVector x, TVector by)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        var square = Square<TLanes, TVector>(x);
        var gate = Gate<TLanes, TVector>(x, square);
        var value = TLanes.Multiply(x, gate);
        var inner = TLanes.MultiplyAdd(square, TLanes.Fill(3 * Cubic), TLanes.Fill(Linear));
        var rest = TLanes.MultiplyAdd(gate, TLanes.Fill(-1), TLanes.Fill(1));
        var slope = TLanes.MultiplyAdd(TLanes.Multiply(value, rest), inner, gate);
        return (value, TLanes.Multiply(by, slope));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Square<TLanes, TVector>(TVector x)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        var minus = TLanes.Fill(-1);
        return TLanes.Multiply(TLanes.Larger(TLanes.Fill(-Most), TLanes.Multiply(TLanes.Multiply(x, minus), x)), minus);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Gate<TLanes, TVector>(TVector x, TVector square)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct => Exponential.Logistic<TLanes, TVector>(
            TLanes.Multiply(x, TLanes.MultiplyAdd(square, TLanes.Fill(Cubic), TLanes.Fill(Linear))));
}
