namespace Microsoft.ML.SigmaMoE;

/// <summary>How well a language model predicts the rows of a data view, taken together.</summary>
public sealed record LanguageModelMetrics
{
    /// <summary>Gets the number of rows, empty ones included.</summary>
    public required long RowCount { get; init; }

    /// <summary>Gets the number of predicted tokens.</summary>
    public required long TokenCount { get; init; }

    /// <summary>Gets the length of all rows in UTF-8.</summary>
    public required long ByteCount { get; init; }

    /// <summary>Gets the natural logarithm of the probability of all rows together.</summary>
    public required double LogLikelihood { get; init; }

    /// <summary>Gets the mean negative log-likelihood of a token in nats; NaN where there is no token.</summary>
    public double CrossEntropy => -LogLikelihood / TokenCount;

    /// <summary>Gets e to the power of <see cref="CrossEntropy"/>: compares models of the same tokenizer.</summary>
    public double Perplexity => Math.Exp(CrossEntropy);

    /// <summary>Gets the bits that a byte of UTF-8 takes: compares models of any tokenizer. NaN without text.</summary>
    public double BitsPerByte => -LogLikelihood / Math.Log(2) / ByteCount;
}
