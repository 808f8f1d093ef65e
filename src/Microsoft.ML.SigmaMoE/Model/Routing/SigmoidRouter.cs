using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// σ-MoE (section 5 of the paper): scores s = σ(x · W_sᵀ), which do not compete; the K largest are taken and used as
/// they are. In training each expert of each token is dropped with probability δ: its score becomes 0, nothing is
/// rescaled, and should fewer than K experts remain, a dropped one is taken with weight 0.
/// </summary>
internal sealed class SigmoidRouter : Router
{
    private readonly SigmoidRouterOptions _options;
    private readonly int _active;
    private readonly Randomness _randomness;

    public SigmoidRouter(SigmoidRouterOptions options, MixtureOfExpertsOptions mixture, BlockContext context)
        : base(nameof(SigmoidRouter), InitialSelection(mixture, context))
    {
        (_options, _active, _randomness) = (options, mixture.ActiveExperts, context.Randomness);
        RegisterComponents();
    }

    public override Routing Route(Tensor x)                                 // [batch, time, d_model]
    {
        var logits = Logits(x);                                             // [tokens, experts]
        var scores = DropExperts(logits.sigmoid(), x.shape);                // [tokens, experts]
        var (weights, experts) = scores.topk(_active, dim: -1, sorted: false);  // [tokens, K]
        return new(experts, weights, logits);
    }

    public override Tensor? BalancingLoss(IReadOnlyList<Routing> calls) => _options.BalancingWeight > 0
        ? SigmaMoE.BalancingLoss.NegativeEntropy(calls).Times(_options.BalancingWeight)
        : null;

    private Tensor DropExperts(Tensor scores, long[] shape)
    {
        if (!training || _options.ExpertDropout == 0)
        {
            return scores;
        }

        var drawn = _randomness.Uniform([shape[0], shape[1], scores.shape[1]]).view(scores.shape);
        return scores.Fill(drawn.IsBelow(_options.ExpertDropout), 0);
    }

    // Rows of equal length: no expert starts ahead of another.
    private static TorchSharp.Modules.Parameter InitialSelection(MixtureOfExpertsOptions mixture, BlockContext context)
    {
        var deviation = WeightInitialization.LayerGain(context.Model.LayerCount) / Math.Sqrt(context.Model.ModelSize);
        return WeightInitialization.NormalWithEqualRows(
            [mixture.ExpertCount, context.Model.ModelSize], deviation, context.Randomness);
    }
}
