namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Balancing without a loss (Wang et al. 2024, "Auxiliary-Loss-Free Load Balancing Strategy for Mixture-of-Experts"): a
/// bias of each expert is added to its sigmoid score when choosing, not when weighing. After each training step the
/// bias rises where an expert got fewer tokens than the average and falls where it got more.
/// </summary>
/// <remarks>
/// Not in the σ-MoE paper: a successor, on σ-MoE's scores. The balancing loss has no weight by default, which is the
/// point of it; it can be given one. The bias moves outside the gradient, once a step, and is saved with the model. A
/// dropped expert counts as −∞ when choosing.
/// </remarks>
public sealed record LossFreeRouterOptions() : RouterOptions(0, new EntropyBalancingOptions())
{
    /// <summary>Gets how far each bias moves in a step (u); 0.001 is that paper's.</summary>
    public double BiasUpdateRate { get; init; } = 0.001;

    internal override void Validate()
    {
        base.Validate();
        OptionChecks.ThrowIfNotFinite(BiasUpdateRate);
    }
}
