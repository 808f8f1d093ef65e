namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// An activation (φ) and its derivative, register by register. Kernels are written once over this and compiled for
/// each: what they keep for the backward pass is x, of which both are computed again.
/// </summary>
internal interface IVectorActivation
{
    /// <summary>Computes φ(x).</summary>
    static abstract TVector Value<TLanes, TVector>(TVector x)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct;

    /// <summary>Computes φ(x), and the gradient by x from that by φ(x).</summary>
    static abstract (TVector Value, TVector Gradient) Differentiate<TLanes, TVector>(TVector x, TVector by)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct;
}
