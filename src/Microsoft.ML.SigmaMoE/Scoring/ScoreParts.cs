namespace Microsoft.ML.SigmaMoE;

/// <summary>What of a row somebody reads. What nobody reads is not computed.</summary>
[Flags]
internal enum ScoreParts
{
    /// <summary>Only the number of tokens and bytes, which need no forward pass.</summary>
    None = 0,

    /// <summary>The log-likelihood of every token: needs the output layer over the vocabulary.</summary>
    LogLikelihoods = 1,

    /// <summary>The pooled hidden states.</summary>
    Features = 2,

    /// <summary>How often each expert was chosen.</summary>
    ExpertUsage = 4,
}
