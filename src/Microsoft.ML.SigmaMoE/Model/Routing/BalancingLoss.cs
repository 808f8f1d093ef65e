using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>The losses that keep experts in use: pure functions of where tokens were sent.</summary>
internal static class BalancingLoss
{
    /// <summary>
    /// σ-MoE's regulariser, R = Σ_e q_e ln q_e with q the mean over all tokens of softmax(logits): a softmax, although the
    /// gate is a sigmoid. R ≤ 0; least when all experts are equally likely. Computed in log space.
    /// </summary>
    public static Tensor NegativeEntropy(IReadOnlyList<Routing> calls)
    {
        var logits = calls.Count == 1 ? calls[0].Logits : cat([.. calls.Select(call => call.Logits)]);  // [tokens, experts]
        var logMean = logits.log_softmax(-1).logsumexp(0).Plus(-Math.Log(logits.shape[0]));             // [experts]
        return (logMean.exp() * logMean).sum();
    }
}
