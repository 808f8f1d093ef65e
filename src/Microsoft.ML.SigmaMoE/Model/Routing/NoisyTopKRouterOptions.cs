namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The router of the sparsely-gated mixture of experts (Shazeer et al. 2017): in training, normal noise of a learned
/// size is added to the logits; the K largest are taken and weighted by a softmax over those K. Balanced by importance
/// and load.
/// </summary>
/// <remarks>
/// Not in the σ-MoE paper's tables; it is where sparse mixtures began. The size of the noise is softplus(x · W_noiseᵀ)
/// + 0.01, W_noise starting at zero as in that paper; its W_s starts at zero too, here as
/// <see cref="MixtureOfExpertsOptions.Initialization"/> says. γ = 0.1 is that paper's.
/// </remarks>
public sealed record NoisyTopKRouterOptions() : RouterOptions(0.1, new ImportanceAndLoadBalancingOptions());
