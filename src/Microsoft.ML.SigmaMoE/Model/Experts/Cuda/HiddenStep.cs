namespace Microsoft.ML.SigmaMoE;

/// <summary>What stands between the two layers of an expert on the device: mask ⊙ φ(raw).</summary>
/// <param name="Activation">φ; its number is what kernels/activations.cuh calls it by.</param>
/// <param name="Mask">The address of [N · K, G] float32 by slot, or 0 for none.</param>
/// <param name="IsForwardAlone">Whether no backward pass follows.</param>
internal readonly record struct HiddenStep(Activation Activation, nint Mask, bool IsForwardAlone)
{
    /// <summary>
    /// Gets whether this is a step of its own. ReLU alone is done where the first layer's products are stored.
    /// </summary>
    public bool IsApart => Activation != Activation.Relu || Mask != 0;

    /// <summary>
    /// Gets whether the backward pass needs mask ⊙ φ′(raw) beside the hidden vectors. Of ReLU without a mask they tell
    /// it by themselves.
    /// </summary>
    public bool NeedsSlopes => IsApart && !IsForwardAlone;
}
