using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Positions of one segment, shared by all layers: T queries see M + T keys, of which M come from memory.
/// </summary>
/// <param name="Windows">Which keys each query sees.</param>
internal abstract record SegmentPositions(KeyWindows Windows)
{
    /// <summary>Makes the positions of a segment for a model's attention.</summary>
    /// <param name="model">The model.</param>
    /// <param name="windows">Which keys each query sees.</param>
    /// <param name="device">Where the tensors live.</param>
    public static SegmentPositions Create(ModelOptions model, KeyWindows windows, Device device) =>
        model.Attention switch
        {
            RotaryAttentionOptions rotary => RotaryPositions.Create(rotary, model.EffectiveHeadSize, windows, device),
            _ => RelativePositions.Create(windows, model.ModelSize, device),
        };

    /// <summary>Makes the positions of tokens that follow a cache.</summary>
    /// <inheritdoc cref="Create"/>
    public static SegmentPositions Continue(ModelOptions model, KeyWindows windows, Device device) =>
        model.Attention switch
        {
            RotaryAttentionOptions rotary => RotaryPositions.Create(rotary, model.EffectiveHeadSize, windows, device),
            _ => RelativePositions.Continue(windows, model.ModelSize, device),
        };
}
