namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The names of the columns that scoring adds. A null name turns a column off; a column that nobody reads costs
/// nothing. A column with the name of an input column hides that one.
/// </summary>
public sealed record OutputColumns
{
    /// <summary>Gets the name of the feature vector, the pooled hidden states: a vector of float.</summary>
    public string? Features { get; init; } = "Features";

    /// <summary>Gets the name of the natural logarithm of the row's probability, a float; 0 for an empty row.</summary>
    public string? LogLikelihood { get; init; } = "LogLikelihood";

    /// <summary>Gets the name of the perplexity per token, a float; NaN for an empty row.</summary>
    public string? Perplexity { get; init; } = "Perplexity";

    /// <summary>Gets the name of the bits per byte of UTF-8 (no tokenizer changes it), a float; NaN if empty.</summary>
    public string? BitsPerByte { get; init; } = "BitsPerByte";

    /// <summary>Gets the name of the number of tokens, an int.</summary>
    public string? TokenCount { get; init; } = "TokenCount";

    /// <summary>Gets the name of each token's log-likelihood, a vector of varying size. Off by default.</summary>
    public string? TokenLogLikelihoods { get; init; }

    /// <summary>
    /// Gets the name of the share of routing slots that each expert of each layer got, a vector of known size of float.
    /// Off by default; a dense model has no such column.
    /// </summary>
    public string? ExpertUsage { get; init; }

    /// <summary>Names no column at all: a start for turning single ones on.</summary>
    internal static OutputColumns None { get; } = new()
    {
        Features = null,
        LogLikelihood = null,
        Perplexity = null,
        BitsPerByte = null,
        TokenCount = null,
    };

    internal void Validate()
    {
        (string Option, string? Name)[] columns =
        [
            (nameof(Features), Features),
            (nameof(LogLikelihood), LogLikelihood),
            (nameof(Perplexity), Perplexity),
            (nameof(BitsPerByte), BitsPerByte),
            (nameof(TokenCount), TokenCount),
            (nameof(TokenLogLikelihoods), TokenLogLikelihoods),
            (nameof(ExpertUsage), ExpertUsage),
        ];
        if (columns.FirstOrDefault(column => column.Name?.Trim() is "") is { Option: { } blank })
        {
            throw new ArgumentException($"The name of column {blank} is blank; set a name, or null to turn it off.");
        }

        var named = columns.Where(column => column.Name is not null).GroupBy(c => c.Name, c => c.Option);
        if (named.FirstOrDefault(group => group.Count() > 1) is { } taken)
        {
            throw new ArgumentException(
                $"{string.Join(" and ", taken)} have the same column name '{taken.Key}'; "
                + "every output column needs a name of its own, or null to turn it off.");
        }
    }
}
