namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The paper's ablation "softmax (after top-k)": the K largest logits are taken, the weights are a softmax over those K
/// and sum to 1. A dropped expert is chosen only where fewer than K are left.
/// </summary>
/// <remarks>
/// The authors' code balances only the K chosen logits here (<see cref="EntropyScope.ChosenExperts"/>), which is the
/// default because their table was made so; for experts that are truly balanced set
/// <see cref="RouterOptions.Balancing"/> to an <see cref="EntropyBalancingOptions"/> over all experts.
/// </remarks>
public sealed record SoftmaxAfterTopKRouterOptions()
    : RouterOptions(0.001, new EntropyBalancingOptions { Scope = EntropyScope.ChosenExperts });
