using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>h := h + dropout(attention(norm(h))), then h := h + dropout(feedForward(norm(h))).</summary>
internal sealed class TransformerLayer : nn.Module
{
    [ComponentName(Name = "attention")] private readonly Attention _attention;
    [ComponentName(Name = "attention_norm")] private readonly LayerNorm _attentionNorm;
    [ComponentName(Name = "feed_forward")] private readonly FeedForward _feedForward;
    [ComponentName(Name = "feed_forward_norm")] private readonly LayerNorm _feedForwardNorm;
    [ComponentName(Name = "dropout")] private readonly InvertedDropout _dropout;

    public TransformerLayer(FeedForwardOptions feedForward, BlockContext context)
        : base(nameof(TransformerLayer))
    {
        _attention = Attention.Create(context);
        _attentionNorm = nn.LayerNorm(context.Model.ModelSize, context.Model.NormalizationEpsilon);
        _feedForward = FeedForward.Create(feedForward, context);
        _feedForwardNorm = nn.LayerNorm(context.Model.ModelSize, context.Model.NormalizationEpsilon);
        _dropout = new InvertedDropout(context.Model.Dropout, context.Randomness);
        RegisterComponents();
    }

    /// <summary>Gets the block whose balancing loss the network asks for.</summary>
    public FeedForward Block => _feedForward;

    /// <summary>Computes the layer's output.</summary>
    /// <param name="hidden">[batch, T, d_model]: the residual stream.</param>
    /// <param name="memory">[batch, M, d_model]: this layer's inputs of earlier segments, or null.</param>
    /// <param name="positions">The positions of the segment.</param>
    public FeedForwardOutput Forward(Tensor hidden, Tensor? memory, SegmentPositions positions)
    {
        var queries = _attentionNorm.forward(hidden);                             // [batch, T, d_model]
        var context = memory is null ? queries : cat([_attentionNorm.forward(memory), queries], 1);
        return Finish(hidden, _attention.Forward(queries, context, positions));
    }

    /// <summary>
    /// Computes the layer's output from what it kept of earlier segments, which then costs nothing any more. For
    /// evaluation: the weights that made what was kept get no gradient through it.
    /// </summary>
    /// <param name="hidden">[batch, T, d_model]: the residual stream.</param>
    /// <param name="earlier">[batch, M, ..]: what this returned for earlier segments, or null.</param>
    /// <param name="positions">The positions of the segment.</param>
    /// <returns>The output, and [batch, T, ..]: what is to be kept of the segment.</returns>
    public (FeedForwardOutput Output, Tensor Kept) Read(Tensor hidden, Tensor? earlier, SegmentPositions positions)
    {
        var (attended, kept) = _attention.Read(_attentionNorm.forward(hidden), earlier, positions);
        return (Finish(hidden, attended), kept);
    }

    /// <summary>
    /// Computes the layer's output for tokens that follow a cache, and adds them to it. No gradient is recorded.
    /// </summary>
    /// <param name="hidden">[batch, T, d_model]: the residual stream.</param>
    /// <param name="cache">What attention keeps of earlier tokens.</param>
    /// <param name="positions">The positions of the tokens.</param>
    /// <returns>[batch, T, d_model].</returns>
    public Tensor Continue(Tensor hidden, AttentionCache cache, SegmentPositions positions)
    {
        var attended = hidden.Plus(_attention.Forward(_attentionNorm.forward(hidden), cache, positions));
        return attended.Plus(_feedForward.Decode(_feedForwardNorm.forward(attended)));
    }

    private FeedForwardOutput Finish(Tensor hidden, Tensor attention)
    {
        var attended = hidden.Plus(_dropout.forward(attention));
        var output = _feedForward.forward(_feedForwardNorm.forward(attended));
        return output with { Hidden = attended.Plus(_dropout.forward(output.Hidden)) };
    }
}
