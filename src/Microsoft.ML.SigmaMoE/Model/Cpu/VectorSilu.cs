using System.Runtime.CompilerServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>x · σ(x), whose derivative is σ(x) (1 + x (1 − σ(x))).</summary>
internal readonly struct VectorSilu : IVectorActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Value<TLanes, TVector>(TVector x)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct => TLanes.Multiply(x, Exponential.Logistic<TLanes, TVector>(x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (TVector Value, TVector Gradient) Differentiate<TLanes, TVector>(TVector x, TVector by)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        var gate = Exponential.Logistic<TLanes, TVector>(x);
        var value = TLanes.Multiply(x, gate);
        var slope = TLanes.MultiplyAdd(value, TLanes.MultiplyAdd(gate, TLanes.Fill(-1), TLanes.Fill(1)), gate);
        return (value, TLanes.Multiply(by, slope));
    }
}
