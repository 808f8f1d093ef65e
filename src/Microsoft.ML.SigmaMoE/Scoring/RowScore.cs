namespace Microsoft.ML.SigmaMoE;

/// <summary>What a model says of one row of text. Parts that were not asked for are empty.</summary>
public sealed record RowScore
{
    /// <summary>Gets the number of tokens that were predicted.</summary>
    public required int TokenCount { get; init; }

    /// <summary>Gets the length of the row in UTF-8; 0 for a row of token ids.</summary>
    public required int ByteCount { get; init; }

    /// <summary>Gets the natural logarithm of each token's probability given all tokens before it in the row.</summary>
    public float[] TokenLogLikelihoods { get; init; } = [];

    /// <summary>Gets the pooled hidden states.</summary>
    public float[] Features { get; init; } = [];

    /// <summary>
    /// Gets each expert's share of a layer's routing slots, layer by layer; each layer's shares sum to 1.
    /// </summary>
    public float[] ExpertUsage { get; init; } = [];

    /// <summary>Gets the natural logarithm of the row's probability; 0 for an empty row.</summary>
    public double LogLikelihood => TokenLogLikelihoods.Sum(value => (double)value);

    /// <summary>Gets exp(−log-likelihood per token); NaN for an empty row.</summary>
    public double Perplexity => Math.Exp(-LogLikelihood / TokenCount);

    /// <summary>
    /// Gets −log₂-likelihood per byte of UTF-8, which no tokenizer changes; NaN for a row of no bytes.
    /// </summary>
    public double BitsPerByte => ByteCount == 0 ? double.NaN : -LogLikelihood / Math.Log(2) / ByteCount;
}
