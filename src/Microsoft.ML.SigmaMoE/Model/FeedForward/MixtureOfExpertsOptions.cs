namespace Microsoft.ML.SigmaMoE;

/// <summary>A block of many small experts of which each token uses a few (section 5 of the paper).</summary>
public sealed record MixtureOfExpertsOptions : FeedForwardOptions
{
    /// <summary>Gets the number of experts (N_E, E).</summary>
    public int ExpertCount { get; init; } = 16;

    /// <summary>
    /// Gets the width of one expert's hidden layer (G). The paper finds that below 128 quality falls.
    /// </summary>
    public int ExpertSize { get; init; } = 128;

    /// <summary>Gets how many experts each token is sent to (K).</summary>
    public int ActiveExperts { get; init; } = 4;

    /// <summary>Gets how experts are chosen and weighted; σ-MoE's sigmoid by default.</summary>
    public RouterOptions Router { get; init; } = new SigmoidRouterOptions();

    /// <summary>
    /// Gets whether experts have biases, as the authors' stand-alone layer can; the paper's models have none.
    /// </summary>
    public bool Bias { get; init; }

    /// <summary>
    /// Gets the dropout probability on each chosen expert's hidden vector (the paper's "standard dropout" ablation).
    /// </summary>
    public double HiddenDropout { get; init; }

    /// <summary>Gets the activation of the experts (φ).</summary>
    public Activation Activation { get; init; }

    /// <summary>
    /// Gets how the weights begin, or null for what belongs to the router: Switch's for
    /// <see cref="SwitchRouterOptions"/>, σ-MoE's for all others.
    /// </summary>
    public ExpertInitializationOptions? Initialization { get; init; }

    internal ExpertInitializationOptions EffectiveInitialization => Initialization ?? Router.Initialization;

    internal override void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(ExpertCount);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(ExpertSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(ActiveExperts);
        OptionChecks.ThrowIfNotProbability(HiddenDropout);
        OptionChecks.ThrowIfNotDefined(Activation);
        if (ActiveExperts > ExpertCount)
        {
            throw new ArgumentException(
                $"ActiveExperts is {ActiveExperts} but there are only {ExpertCount} experts (ExpertCount).");
        }

        ArgumentNullException.ThrowIfNull(Router);
        Router.Validate();
        EffectiveInitialization.Validate();
    }
}
