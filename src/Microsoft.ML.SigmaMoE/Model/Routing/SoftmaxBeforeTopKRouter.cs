using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Scores s = softmax(x · W_sᵀ) over all experts; the K largest are taken and used as they are, not renormalised. A
/// dropped expert's score is 0. With K = 1 the router of the Switch Transformer.
/// </summary>
internal sealed class SoftmaxBeforeTopKRouter : LinearRouter
{
    public SoftmaxBeforeTopKRouter(RouterContext context)
        : base(nameof(SoftmaxBeforeTopKRouter), context) => RegisterComponents();

    public override Routing Route(Tensor x)                                          // [batch, time, d_model]
    {
        var logits = Logits(x);                                                      // [tokens, experts]
        if (TryRoute(RouteFormula.Softmax, x, logits) is { } routing)
        {
            return routing;
        }

        var (weights, experts) = Choose(Scores(x, logits), x.shape, dropped: 0);     // [tokens, K]
        return new(experts, weights, logits);
    }

    internal override Tensor Scores(Tensor x, Tensor logits) => logits.softmax(-1);
}
