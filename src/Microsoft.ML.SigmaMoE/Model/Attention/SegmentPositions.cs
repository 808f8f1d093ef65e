using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Positions of one segment, shared by all layers: T queries see M + T keys, of which M come from memory.</summary>
/// <param name="Hidden">[T, M + T]: true where query i must not see key j.</param>
internal abstract record SegmentPositions(Tensor Hidden)
{
    /// <summary>Makes the positions of a segment for a model's attention.</summary>
    /// <param name="model">The model.</param>
    /// <param name="time">T, the number of queries.</param>
    /// <param name="memory">M, the number of keys before them.</param>
    /// <param name="sameLength">Whether query i loses the i oldest keys of a non-empty memory.</param>
    /// <param name="device">Where the tensors live.</param>
    public static SegmentPositions Create(ModelOptions model, long time, long memory, bool sameLength, Device device) =>
        model.Attention switch
        {
            RotaryAttentionOptions rotary => RotaryPositions.Create(rotary, model.EffectiveHeadSize, time, memory, sameLength, device),
            _ => RelativePositions.Create(time, memory, model.ModelSize, sameLength, device),
        };

    /// <summary>Makes the positions of tokens that follow a cache.</summary>
    /// <inheritdoc cref="Create"/>
    public static SegmentPositions Continue(ModelOptions model, long time, long memory, bool sameLength, Device device) =>
        model.Attention switch
        {
            RotaryAttentionOptions rotary => RotaryPositions.Create(rotary, model.EffectiveHeadSize, time, memory, sameLength, device),
            _ => RelativePositions.Continue(time, memory, model.ModelSize, sameLength, device),
        };

    /// <summary>Finds what queries must not see: later keys, and with same length the oldest of the memory.</summary>
    protected static Tensor Hide(long time, long memory, bool sameLength, Device device)
    {
        var all = ones(time, memory + time, dtype: ScalarType.Bool, device: device);
        var hidden = all.triu(memory + 1);                                                // j − M > i
        return sameLength && memory > 0 ? hidden.logical_or(all.tril(-1)) : hidden;       // or j < i
    }
}
