namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The shape of the Transformer; by default a Transformer-XL with segment memory and relative positions.
/// </summary>
/// <remarks>
/// As in the authors' code, which their text does not spell out: embeddings are not multiplied by √d_model,
/// normalisation stands before each block and before the output layer, and the output layer has a bias. The presets'
/// 47 million parameter models have d_model 412 and 10 heads of 41, so that heads together are narrower than the
/// residual stream.
/// </remarks>
public sealed record ModelOptions
{
    /// <summary>
    /// Gets the width of the residual stream (d_model, D); even for relative positions, which are pairs of sine and
    /// cosine.
    /// </summary>
    public int ModelSize { get; init; } = 256;

    /// <summary>Gets the number of layers (L).</summary>
    public int LayerCount { get; init; } = 4;

    /// <summary>
    /// Gets how many layers have weights of their own, or null for all. Fewer are used again and again in their order,
    /// as in a Universal Transformer (Dehghani et al. 2019) and in MoEUT (Csordás et al. 2024), the authors' later
    /// model, where such a group of layers has mixtures with many experts. Each layer keeps a memory of its own; the
    /// balancing loss and what a router adapts pool all uses of a block. <see cref="LayerCount"/> must be a multiple.
    /// </summary>
    public int? DistinctLayerCount { get; init; }

    /// <summary>Gets the number of attention heads (H).</summary>
    public int HeadCount { get; init; } = 4;

    /// <summary>Gets the width of one head, or null for <see cref="ModelSize"/> / <see cref="HeadCount"/>.</summary>
    public int? HeadSize { get; init; }

    /// <summary>Gets the number of tokens that one forward pass reads (T).</summary>
    public int SegmentLength { get; init; } = 128;

    /// <summary>
    /// Gets how many tokens of earlier segments attention sees in training (M); the paper uses one segment.
    /// </summary>
    /// <remarks>
    /// The memory is emptied where an epoch starts. The authors' code means to do so too, but its reader runs ahead
    /// of its training, so that most of its resets are lost.
    /// </remarks>
    public int MemoryLength { get; init; } = 128;

    /// <summary>
    /// Gets the memory used when scoring, or null for <see cref="MemoryLength"/>; the paper's tables use four
    /// segments.
    /// </summary>
    /// <remarks>
    /// The tables' perplexities are those of a SentencePiece token, not of a word, over four rows of text side by
    /// side. Null is the default because the authors measure with one segment while they train; the presets have
    /// four.
    /// </remarks>
    public int? EvaluationMemoryLength { get; init; }

    /// <summary>
    /// Gets whether every token sees the same number of earlier tokens when scoring, rather than the whole memory.
    /// The paper's tables leave this off.
    /// </summary>
    public bool SameLengthEvaluation { get; init; }

    /// <summary>
    /// Gets the dropout probability on the embedding, on each block's output and before the output layer.
    /// </summary>
    public double Dropout { get; init; }

    /// <summary>Gets how tokens see each other; the paper's relative attention by default.</summary>
    public AttentionOptions Attention { get; init; } = new RelativeAttentionOptions();

    /// <summary>
    /// Gets whether the output layer's matrix is the embedding. Not by default: the authors' models have two
    /// matrices, and the parameter counts of their tables count both.
    /// </summary>
    public bool TiedEmbeddings { get; init; }

    /// <summary>Gets what normalisations add to the variance.</summary>
    public double NormalizationEpsilon { get; init; } = 1e-5;

    internal int EffectiveDistinctLayerCount => DistinctLayerCount ?? LayerCount;

    internal int EffectiveHeadSize => HeadSize ?? ModelSize / HeadCount;

    internal int EffectiveEvaluationMemoryLength => EvaluationMemoryLength ?? MemoryLength;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(ModelSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(LayerCount);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(HeadCount);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(SegmentLength);
        ArgumentOutOfRangeException.ThrowIfNegative(MemoryLength);
        ArgumentOutOfRangeException.ThrowIfNegative(EffectiveEvaluationMemoryLength, nameof(EvaluationMemoryLength));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(EffectiveHeadSize, nameof(HeadSize));
        OptionChecks.ThrowIfNotProbability(Dropout);
        OptionChecks.ThrowIfNotFinite(NormalizationEpsilon);
        ArgumentNullException.ThrowIfNull(Attention);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(EffectiveDistinctLayerCount, nameof(DistinctLayerCount));
        if (LayerCount % EffectiveDistinctLayerCount != 0)
        {
            throw new ArgumentException(
                $"LayerCount {LayerCount} is not a multiple of DistinctLayerCount {DistinctLayerCount}: the group of layers is used whole.");
        }

        if (HeadSize is null && ModelSize % HeadCount != 0)
        {
            throw new ArgumentException(
                $"ModelSize {ModelSize} is not divisible by HeadCount {HeadCount}; choose another HeadCount or set HeadSize.");
        }

        Attention.Validate(this);
    }
}
