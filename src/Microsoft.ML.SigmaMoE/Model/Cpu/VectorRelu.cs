using System.Runtime.CompilerServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>max(0, x).</summary>
internal readonly struct VectorRelu : IVectorActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Value<TLanes, TVector>(TVector x)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct => TLanes.Max(x, TLanes.Fill(0));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (TVector Value, TVector Gradient) Differentiate<TLanes, TVector>(TVector x, TVector by)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct => (Value<TLanes, TVector>(x), TLanes.WhereAboveZero(x, by));
}
