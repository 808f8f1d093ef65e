using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.SigmaMoE;

/// <summary>An activation over one row, whichever it is.</summary>
internal abstract unsafe class ActivationRow
{
    /// <summary>row := φ(row).</summary>
    public abstract void Apply(float* row, int count);
}

/// <summary>An activation over one row.</summary>
internal sealed unsafe class ActivationRow<TActivation> : ActivationRow
    where TActivation : struct, IVectorActivation
{
    /// <inheritdoc/>
    public override void Apply(float* row, int count)
    {
        var done = Vector512.IsHardwareAccelerated
            ? Apply<Lanes512, Vector512<float>>(row, 0, count)
            : Apply<Lanes256, Vector256<float>>(row, 0, count);
        Apply<Lanes1, float>(row, done, count);
    }

    /// <summary>Does whole registers, and tells how far that went.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static int Apply<TLanes, TVector>(float* row, int first, int count)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        var i = first;
        for (; i <= count - TLanes.Count; i += TLanes.Count)
        {
            TLanes.Store(TActivation.Value<TLanes, TVector>(TLanes.Load(row + i)), row + i);
        }

        return i;
    }
}
