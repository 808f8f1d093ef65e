namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// S-BASE (Clark et al. 2022) as the σ-MoE authors compare it: in training a token's experts are the K largest of a
/// matrix that Sinkhorn's iteration balanced over the tokens of its sequence, in use the K largest logits; the weights
/// are always the sigmoid of the logits.
/// </summary>
/// <remarks>
/// A token's choice in training depends on the later tokens of its sequence, in use it does not: the two differ, which
/// may be part of why S-BASE falls behind. The paper says that its experts are not dropped; the authors' big, Enwik8
/// and many-expert runs drop 5 or 10 % all the same (<see cref="RouterOptions.ExpertDropout"/>).
/// </remarks>
public sealed record SinkhornRouterOptions() : RouterOptions(0.001, new EntropyBalancingOptions())
{
    /// <summary>Gets the number of iterations; the authors' 3.</summary>
    public int Iterations { get; init; } = 3;

    /// <summary>Gets the signs of the iteration; by default the authors', with which their table was made.</summary>
    public SinkhornSigns Signs { get; init; }

    internal override void Validate()
    {
        base.Validate();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Iterations);
        OptionChecks.ThrowIfNotDefined(Signs);
    }
}
