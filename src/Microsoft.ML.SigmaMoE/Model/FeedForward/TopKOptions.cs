namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The Top-K activation (section 3.1 of the paper): the dense block, of whose hidden numbers only the K largest of each
/// token are used. Table 1 of the paper shows that this costs no quality and often gains some.
/// </summary>
/// <remarks>
/// The hidden layer is computed whole and masked: this shows what sparsity does to quality. It saves time only in
/// float32 on the processor, where at most a sixteenth of the hidden numbers of 512 tokens or more is used: the second
/// product takes no others.
/// </remarks>
public sealed record TopKOptions : FeedForwardOptions
{
    /// <summary>Gets the width of the hidden layer (d_ff).</summary>
    public int HiddenSize { get; init; } = 1024;

    /// <summary>
    /// Gets how many hidden numbers of each token are used (K). Numbers equal to the K-th largest stay as well.
    /// </summary>
    public int ActiveChannels { get; init; } = 128;

    /// <summary>
    /// Gets whether hidden numbers are ranked by what they contribute, h_j · ‖column j of W₂‖, rather than by h_j. The
    /// authors' code can; all runs of the paper rank by h_j, and so does the default.
    /// </summary>
    public bool RankByContribution { get; init; }

    internal override void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(HiddenSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(ActiveChannels);
        if (ActiveChannels > HiddenSize)
        {
            throw new ArgumentException(
                $"ActiveChannels is {ActiveChannels} but the hidden layer has only {HiddenSize} (HiddenSize).");
        }
    }
}
