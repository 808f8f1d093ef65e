namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A product-key memory (Lample et al. 2019; section 3.2 of the paper): n² values, whose keys are all pairs of n first
/// and n second sub-keys. Each half of the input is compared with one set of sub-keys; a pair's score is the sum.
/// </summary>
/// <remarks>
/// <para>
/// Sparse path (<see cref="NearestKeys"/> below n): each head takes the best pairs among its best sub-keys, and the
/// activation runs over all heads' pairs together. The original runs its softmax in each head by itself.
/// </para>
/// <para>
/// Dense path (<see cref="NearestKeys"/> 0, or n and more): all n² values are used and the heads' scores are summed
/// before the activation, so that several heads are no more than one. The paper's text describes the sparse path, but
/// all its runs ask for the nearest 128 of at most 89 sub-keys and so take this one; hence the default.
/// </para>
/// </remarks>
public sealed record ProductKeyMemoryOptions : FeedForwardOptions
{
    /// <summary>Gets the number of sub-keys of each half (n); there are n² values.</summary>
    public int SubKeyCount { get; init; } = 46;

    /// <summary>Gets the number of heads, each with sub-keys of its own.</summary>
    public int HeadCount { get; init; } = 4;

    /// <summary>
    /// Gets how many sub-keys of each half, and then pairs of them, a head takes for a token; 0 for all.
    /// </summary>
    public int NearestKeys { get; init; } = 128;

    /// <summary>Gets what turns scores into weights.</summary>
    public MemoryActivation Activation { get; init; }

    /// <summary>Gets how the values begin.</summary>
    public MemoryInitialization Initialization { get; init; }

    /// <summary>
    /// Gets whether each head compares a projection of its own of the input, as the original does. The paper's runs
    /// compare the input itself, and so does the default.
    /// </summary>
    public bool QueryProjection { get; init; }

    internal bool IsDense => NearestKeys == 0 || NearestKeys >= SubKeyCount;

    internal override void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(SubKeyCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(SubKeyCount, short.MaxValue);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(HeadCount);
        ArgumentOutOfRangeException.ThrowIfNegative(NearestKeys);
        OptionChecks.ThrowIfNotDefined(Activation);
        OptionChecks.ThrowIfNotDefined(Initialization);
    }
}
