using static TorchSharp.torch;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// σ-MoE (section 5 of the paper): scores s = σ(x · W_sᵀ), which do not compete; the K largest are taken and used as
/// they are. In training each expert of each token is dropped with probability δ: its score becomes 0, nothing is
/// rescaled, and should fewer than K experts remain, a dropped one is taken with weight 0.
/// </summary>
internal sealed class SigmoidRouter : LinearRouter
{
    public SigmoidRouter(RouterContext context)
        : base(nameof(SigmoidRouter), context) => RegisterComponents();

    public override Routing Route(Tensor x)                                          // [batch, time, d_model]
    {
        var logits = Logits(x);                                                      // [tokens, experts]
        if (TryRoute(RouteFormula.Sigmoid, x, logits) is { } routing)
        {
            return routing;
        }

        if (!IsDropping && TensorRows.Fit(logits))
        {
            var choice = SigmoidTopK.Apply(logits, Active);                          // [tokens, K]
            return new(choice.Experts, choice.Weights, logits);
        }

        var (weights, experts) = Choose(Scores(x, logits), x.shape, dropped: 0);     // [tokens, K]
        return new(experts, weights, logits);
    }

    internal override Tensor Scores(Tensor x, Tensor logits) => logits.sigmoid();

    internal override (int[] Experts, float[] Weights)? TryChoose(Tensor tokens)
    {
        var (experts, weights) = ChooseOfFew(tokens);
        TensorPrimitives.Sigmoid<float>(weights, weights);
        return (experts, weights);
    }
}
