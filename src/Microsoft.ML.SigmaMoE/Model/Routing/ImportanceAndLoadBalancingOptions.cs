namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The two losses of the sparsely-gated mixture of experts (Shazeer et al. 2017, section 4 and appendix A): the squared
/// coefficients of variation, over the experts, of their importance (the sum of the weights that tokens give them) and
/// of their load (the sum of the probabilities, under the router's noise, that tokens choose them).
/// </summary>
/// <remarks>
/// A router without noise has no such probabilities: for it the load is left out, as counts have no gradient.
/// </remarks>
public sealed record ImportanceAndLoadBalancingOptions : BalancingOptions
{
    /// <summary>Gets the factor of the importance's term beside the router's weight γ.</summary>
    public double ImportanceFactor { get; init; } = 1;

    /// <summary>Gets the factor of the load's term beside the router's weight γ.</summary>
    public double LoadFactor { get; init; } = 1;

    internal override void Validate()
    {
        OptionChecks.ThrowIfNotFinite(ImportanceFactor);
        OptionChecks.ThrowIfNotFinite(LoadFactor);
    }
}
