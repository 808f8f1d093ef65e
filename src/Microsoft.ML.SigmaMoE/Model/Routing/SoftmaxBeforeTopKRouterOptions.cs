namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The paper's ablation "softmax (before top-k)": scores are a softmax over all experts, the K largest are taken and
/// used as they are, so that a token's weights sum to less than 1. A dropped expert's score is 0.
/// </summary>
public sealed record SoftmaxBeforeTopKRouterOptions() : RouterOptions(0.001, new EntropyBalancingOptions());
