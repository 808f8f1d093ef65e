namespace Microsoft.ML.SigmaMoE;

/// <summary>How text is generated: how each token is drawn, and when to stop.</summary>
/// <remarks>
/// The filters apply in this order: <see cref="RepetitionPenalty"/>, <see cref="Temperature"/>, <see cref="TopK"/>,
/// <see cref="TopP"/>, <see cref="MinP"/>. What they leave is drawn from in proportion to its probability.
/// </remarks>
public sealed record GenerationOptions
{
    /// <summary>Gets the most tokens that are generated.</summary>
    public int MaxTokens { get; init; } = 200;

    /// <summary>
    /// Gets what the logits are divided by: below 1 the likely becomes likelier, above 1 less so. 0 always takes the
    /// likeliest token.
    /// </summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Gets how many of the likeliest tokens are drawn from, or null for all.</summary>
    public int? TopK { get; init; }

    /// <summary>
    /// Gets the share of the probability that is drawn from: the likeliest tokens that together reach it (nucleus
    /// sampling). 1 draws from all.
    /// </summary>
    public double TopP { get; init; } = 1;

    /// <summary>
    /// Gets the least probability of a token, as a share of the likeliest token's. 0 leaves out none.
    /// </summary>
    public double MinP { get; init; }

    /// <summary>
    /// Gets by what the logits of tokens that stand in the prompt or were generated are divided (multiplied where they
    /// are negative). Above 1 makes repetition rarer; 1 changes nothing.
    /// </summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Gets the seed: the same seed, model and prompt give the same text. Null draws anew each time.</summary>
    public int? Seed { get; init; }

    /// <summary>Gets the texts at which generation ends. They are not part of the result.</summary>
    public IReadOnlyList<string> StopSequences { get; init; } = [];

    /// <summary>Gets whether generation ends with the document, or goes on with another.</summary>
    public bool StopAtSeparator { get; init; } = true;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(MaxTokens);
        OptionChecks.ThrowIfNotFinite(Temperature);
        OptionChecks.ThrowIfNotFinite(RepetitionPenalty);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(RepetitionPenalty);
        if (TopK is { } topK)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(topK, nameof(TopK));
        }

        if (!(TopP is > 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(TopP), TopP, $"TopP is {TopP}; it must be above 0 and at most 1.");
        }

        if (!(MinP is >= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(MinP), MinP, $"MinP is {MinP}; it must be at least 0 and at most 1.");
        }

        ArgumentNullException.ThrowIfNull(StopSequences);
        if (StopSequences.Any(string.IsNullOrEmpty))
        {
            throw new ArgumentException("StopSequences has an empty text, which would stop before the first token.");
        }
    }
}
