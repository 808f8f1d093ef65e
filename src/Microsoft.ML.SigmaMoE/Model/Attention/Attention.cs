using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>The first block of a layer: each token sees itself and tokens before it.</summary>
internal abstract class Attention(string name) : nn.Module(name)
{
    /// <summary>Builds the attention that the model's options name: the only place that asks which.</summary>
    public static Attention Create(BlockContext context) => context.Model.Attention switch
    {
        RelativeAttentionOptions => new RelativeAttention(context),
        RotaryAttentionOptions rotary => new RotaryAttention(rotary, context),
        var other => throw new ArgumentException($"There is no attention for {other.GetType().Name}.", nameof(context)),
    };

    /// <summary>Attends from the current segment to memory and segment.</summary>
    /// <param name="queries">[batch, T, d_model], normalised.</param>
    /// <param name="context">[batch, M + T, d_model], normalised: memory, then the current segment.</param>
    /// <param name="positions">The positions of the segment, of the kind that the same options make.</param>
    /// <returns>[batch, T, d_model], float32.</returns>
    public abstract Tensor Forward(Tensor queries, Tensor context, SegmentPositions positions);

    /// <summary>
    /// Attends from the current segment to what was kept of earlier ones and to itself. For evaluation: the weights
    /// that made what was kept get no gradient through it.
    /// </summary>
    /// <param name="queries">[batch, T, d_model], normalised.</param>
    /// <param name="earlier">
    /// [batch, M, ..]: the keys and values that this returned for earlier segments, or null.
    /// </param>
    /// <param name="positions">The positions of the segment, of the kind that the same options make.</param>
    /// <returns>[batch, T, d_model], float32, and [batch, T, ..]: keys and values of the segment.</returns>
    public abstract (Tensor Attended, Tensor Kept) Read(Tensor queries, Tensor? earlier, SegmentPositions positions);

    /// <summary>Attends from new tokens to those that the cache keeps and to themselves, and adds them to it.</summary>
    /// <param name="queries">[batch, T, d_model], normalised.</param>
    /// <param name="cache">This layer's earlier keys and values.</param>
    /// <param name="positions">
    /// The positions of the new tokens, which <see cref="SegmentPositions.Continue"/> makes.
    /// </param>
    /// <returns>[batch, T, d_model], float32.</returns>
    public abstract Tensor Forward(Tensor queries, AttentionCache cache, SegmentPositions positions);
}
