using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The K largest logits x · W_sᵀ are taken; the weights are a softmax over those K. A dropped expert counts as −∞ when
/// choosing only: where fewer than K are left and one is chosen all the same, its logit weighs it.
/// </summary>
internal sealed class SoftmaxAfterTopKRouter : LinearRouter
{
    public SoftmaxAfterTopKRouter(RouterContext context)
        : base(nameof(SoftmaxAfterTopKRouter), context) => RegisterComponents();

    public override Routing Route(Tensor x) // [batch, time, d_model]
    {
        var logits = Logits(x);                                                                 // [tokens, experts]
        if (TryRoute(RouteFormula.SoftmaxOfChosen, x, logits) is { } routing)
        {
            return routing;
        }

        var (_, experts) = Choose(Scores(x, logits), x.shape, dropped: double.NegativeInfinity);  // [tokens, K]
        return new(experts, logits.gather(-1, experts).softmax(-1), logits);
    }

    internal override Tensor Scores(Tensor x, Tensor logits) => logits.detach();
}
