namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The Switch Transformer's router (Fedus et al. 2021) as the σ-MoE authors compare it: softmax over all experts, the
/// largest taken with its probability as weight, load × probability loss with γ = 0.01, small initial weights.
/// </summary>
/// <remarks>
/// The Switch paper has K = 1; K is the mixture's <see cref="MixtureOfExpertsOptions.ActiveExperts"/>, because the
/// σ-MoE paper also measures Switch with K = 4. There is no capacity limit: no token is ever dropped. The Switch
/// paper's own scale of the loss is <see cref="SwitchLossScale.SwitchPaper"/>; its dropout inside experts is
/// <see cref="MixtureOfExpertsOptions.HiddenDropout"/>.
/// </remarks>
public sealed record SwitchRouterOptions() : RouterOptions(0.01, new SwitchBalancingOptions())
{
    internal override ExpertInitializationOptions Initialization => ExpertInitializationOptions.Switch;
}
