using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>The losses that keep experts in use: pure functions of where tokens were sent.</summary>
internal static class BalancingLoss
{
    /// <summary>
    /// Computes the loss that <paramref name="options"/> name, without its weight: the only place that asks which.
    /// </summary>
    public static Tensor Of(BalancingOptions options, IReadOnlyList<Routing> calls) => options switch
    {
        EntropyBalancingOptions { Scope: EntropyScope.ChosenExperts } => NegativeEntropy(ChosenLogits(calls)),
        EntropyBalancingOptions => NegativeEntropy(Logits(calls)),
        SwitchBalancingOptions { Scale: var scale } => LoadTimesProbability(calls, scale),
        ImportanceAndLoadBalancingOptions factors => ImportanceAndLoad(calls, factors),
        _ => throw new ArgumentException($"There is no loss for {options.GetType().Name}.", nameof(options)),
    };

    /// <summary>
    /// σ-MoE's regulariser, R = Σ_e q_e ln q_e with q the mean over all tokens of softmax(logits): a softmax, although
    /// the gate is a sigmoid. R ≤ 0; least when all experts are equally likely. Computed in log space.
    /// </summary>
    private static Tensor NegativeEntropy(Tensor logits) // [tokens, experts]
    {
        var logMean = LogMeanProbabilities(logits);                                                      // [experts]
        return (logMean.exp() * logMean).sum();
    }

    /// <summary>Computes ln q, q the mean over tokens of softmax(logits), [experts].</summary>
    internal static Tensor LogMeanProbabilities(Tensor logits) =>
        logits.log_softmax(-1).logsumexp(0).Plus(-Math.Log(logits.size(0)));

    /// <summary>
    /// Σ_e f_e P_e times 1 / E or E: f the experts' shares of all choices, P the mean of softmax(logits).
    /// </summary>
    private static Tensor LoadTimesProbability(IReadOnlyList<Routing> calls, SwitchLossScale scale)
    {
        var logits = Logits(calls); // [tokens, experts]
        var experts = logits.size(1);
        var chosen = Joined(calls, call => call.Experts).flatten();                               // [tokens · K]
        var shares = chosen.bincount(null, experts).to(ScalarType.Float32).Over(chosen.size(0));  // f: [experts]
        var sum = (logits.softmax(-1).mean([0]) * shares).sum();
        return scale == SwitchLossScale.SwitchPaper ? sum.Times(experts) : sum.Over(experts);
    }

    private static Tensor ImportanceAndLoad(IReadOnlyList<Routing> calls, ImportanceAndLoadBalancingOptions factors)
    {
        var logits = Logits(calls); // [tokens, experts]
        var (experts, weights) = (Joined(calls, call => call.Experts), Joined(calls, call => call.Weights));
        var importance = zeros_like(logits).scatter_add(-1, experts, weights).sum([0L]);                 // [experts]
        var loss = SquaredVariation(importance).Times(factors.ImportanceFactor);
        return calls.All(call => call.ChoiceProbabilities is not null)
            ? loss.Plus(
                SquaredVariation(Joined(calls, call => call.ChoiceProbabilities!).sum([0L])).Times(factors.LoadFactor))
            : loss;
    }

    // The variance over the squared mean: 0 where all are equal.
    private static Tensor SquaredVariation(Tensor values)                                                // [experts]
    {
        var distance = (values / values.mean()).Plus(-1);
        return (distance * distance).mean();
    }

    private static Tensor Logits(IReadOnlyList<Routing> calls) => Joined(calls, call => call.Logits);

    private static Tensor ChosenLogits(IReadOnlyList<Routing> calls) =>
        Joined(calls, call => call.Logits.gather(-1, call.Experts));

    private static Tensor Joined(IReadOnlyList<Routing> calls, Func<Routing, Tensor> part) =>
        calls.Count == 1 ? part(calls[0]) : cat([.. calls.Select(part)]);
}
