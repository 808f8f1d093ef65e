namespace Microsoft.ML.SigmaMoE;

/// <summary>The shape of the Transformer: a Transformer-XL with segment memory and relative positions.</summary>
public sealed record ModelOptions
{
    /// <summary>Gets the width of the residual stream (d_model, D). Even, because positions are pairs of sine and cosine.</summary>
    public int ModelSize { get; init; } = 256;

    /// <summary>Gets the number of layers (L).</summary>
    public int LayerCount { get; init; } = 4;

    /// <summary>Gets the number of attention heads (H).</summary>
    public int HeadCount { get; init; } = 4;

    /// <summary>Gets the width of one head, or null for <see cref="ModelSize"/> / <see cref="HeadCount"/>.</summary>
    public int? HeadSize { get; init; }

    /// <summary>Gets the number of tokens that one forward pass reads (T).</summary>
    public int SegmentLength { get; init; } = 128;

    /// <summary>Gets how many tokens of earlier segments attention sees in training (M); the paper uses one segment.</summary>
    public int MemoryLength { get; init; } = 128;

    /// <summary>Gets the memory used when scoring, or null for <see cref="MemoryLength"/>; the paper's tables use four segments.</summary>
    public int? EvaluationMemoryLength { get; init; }

    /// <summary>
    /// Gets whether every token sees the same number of earlier tokens when scoring, rather than the whole memory.
    /// The paper's tables leave this off.
    /// </summary>
    public bool SameLengthEvaluation { get; init; }

    /// <summary>Gets the dropout probability on the embedding, on each block's output and before the output layer.</summary>
    public double Dropout { get; init; }

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
        if (ModelSize % 2 != 0)
        {
            throw new ArgumentException($"ModelSize is {ModelSize}; it must be even: positions are pairs of sine and cosine.");
        }

        if (HeadSize is null && ModelSize % HeadCount != 0)
        {
            throw new ArgumentException(
                $"ModelSize {ModelSize} is not divisible by HeadCount {HeadCount}; choose another HeadCount or set HeadSize.");
        }
    }
}
