namespace Microsoft.ML.SigmaMoE;

/// <summary>What stands between the two layers of an expert on the device: mask ⊙ φ(raw).</summary>
/// <param name="Activation">φ; its number is what kernels/activations.cuh calls it by.</param>
/// <param name="Mask">The address of [N · K, G] float32 in sorted order, or 0 for none.</param>
internal readonly record struct HiddenStep(Activation Activation, nint Mask)
{
    /// <summary>
    /// Gets whether the backward pass needs mask ⊙ φ′(raw) beside the hidden vectors. Of ReLU without a mask they tell it by
    /// themselves.
    /// </summary>
    public bool NeedsSlopes => Activation != Activation.Relu || Mask != 0;
}
