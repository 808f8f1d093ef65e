namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// σ-MoE's router: every expert is scored by a sigmoid of its own, the K largest are taken, none renormalised.
/// </summary>
/// <remarks>
/// A dropped expert's score is 0. The paper's text says "complete experts"; the code drops per token, as here.
/// </remarks>
public sealed record SigmoidRouterOptions() : RouterOptions(0.001, new EntropyBalancingOptions());
