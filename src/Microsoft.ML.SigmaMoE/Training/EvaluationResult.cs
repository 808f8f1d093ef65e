namespace Microsoft.ML.SigmaMoE;

/// <summary>How well a network predicts a text.</summary>
/// <param name="TokenCount">The number of predicted tokens, separators of documents included.</param>
/// <param name="TotalNats">The sum of their negative log-likelihoods.</param>
/// <param name="BytesPerToken">The text's bytes of UTF-8 a token; a separator is a token of no bytes.</param>
internal sealed record EvaluationResult(long TokenCount, double TotalNats, double BytesPerToken)
{
    /// <summary>Gets the mean negative log-likelihood of a token; NaN where nothing was predicted.</summary>
    public double Loss => TotalNats / TokenCount;

    /// <summary>Gets e to the power of <see cref="Loss"/>.</summary>
    public double Perplexity => Math.Exp(Loss);

    /// <summary>Gets the bits that the text takes a byte, which does not depend on the tokenizer.</summary>
    public double BitsPerByte => Loss / Math.Log(2) / BytesPerToken;
}
