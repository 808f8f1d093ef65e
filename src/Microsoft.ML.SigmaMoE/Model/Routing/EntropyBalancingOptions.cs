namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// σ-MoE's regulariser (section 5 of the paper): R = Σ_e q_e ln q_e, q the mean over tokens of softmax(x · W_sᵀ).
/// Least, −ln E, when all experts are equally likely.
/// </summary>
public sealed record EntropyBalancingOptions : BalancingOptions
{
    /// <summary>Gets which logits are balanced; all experts' by default.</summary>
    public EntropyScope Scope { get; init; }

    internal override void Validate() => OptionChecks.ThrowIfNotDefined(Scope);
}
