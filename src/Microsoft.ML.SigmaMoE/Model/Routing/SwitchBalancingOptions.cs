namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The load × probability loss of the Switch Transformer (Fedus et al. 2021, equation 4): f_e the share of all choices
/// that are expert e, P_e the mean over tokens of softmax(x · W_sᵀ)_e; the gradient goes through P alone.
/// </summary>
public sealed record SwitchBalancingOptions : BalancingOptions
{
    /// <summary>
    /// Gets what the sum Σ_e f_e P_e is multiplied by; by default as in the σ-MoE authors' code, with which the rows of
    /// their tables were made.
    /// </summary>
    public SwitchLossScale Scale { get; init; }

    internal override void Validate() => OptionChecks.ThrowIfNotDefined(Scale);
}
