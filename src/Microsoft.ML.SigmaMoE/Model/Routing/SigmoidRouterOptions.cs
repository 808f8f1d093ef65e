namespace Microsoft.ML.SigmaMoE;

/// <summary>σ-MoE's router: every expert is scored by a sigmoid of its own, the K largest are taken, none renormalised.</summary>
public sealed record SigmoidRouterOptions : RouterOptions;
