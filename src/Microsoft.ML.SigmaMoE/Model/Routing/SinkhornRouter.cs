using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// S-BASE: in training the K largest of R = exp(X + a + b) are taken, X the logits of one sequence, a and b from
/// Sinkhorn's iteration (<see cref="SinkhornSigns"/> has the formulas); in use the K largest logits. Weights are
/// σ(logits). R only chooses: no gradient flows through it. A dropped expert counts as −∞ when choosing only.
/// </summary>
internal sealed class SinkhornRouter : LinearRouter
{
    private readonly SinkhornRouterOptions _options;

    public SinkhornRouter(SinkhornRouterOptions options, RouterContext context)
        : base(nameof(SinkhornRouter), context)
    {
        _options = options;
        RegisterComponents();
    }

    public override Routing Route(Tensor x)                                                // [batch, time, d_model]
    {
        var logits = Logits(x);                                                            // [tokens, experts]
        var scores = Scores(x, logits);                                                    // [tokens, experts]
        if (TryRoute(RouteFormula.Sigmoid, x, logits, scores) is { } routing)
        {
            return routing;
        }

        var (_, experts) = Choose(scores, x.shape, double.NegativeInfinity);               // [tokens, K]
        return new(experts, logits.gather(-1, experts).sigmoid(), logits);
    }

    internal override Tensor Scores(Tensor x, Tensor logits) =>
        training ? Balanced(logits.detach(), x.shape) : logits.detach();

    private Tensor Balanced(Tensor logits, long[] shape)
    {
        var x = logits.view(shape[0], shape[1], -1);                                       // [batch, time, experts]
        var (time, experts) = (x.size(1), x.size(2));
        var sign = _options.Signs == SinkhornSigns.Textbook ? 1 : -1;
        var byExpert = zeros_like(x.narrow(1, 0, 1));                                      // a: [batch, 1, experts]
        var byToken = zeros_like(x.narrow(2, 0, 1));                                       // b: [batch, time, 1]
        for (var iteration = 0; iteration < _options.Iterations; iteration++)
        {
            byToken = x.Plus(byExpert.Times(sign)).logsumexp(2, keepdim: true).neg().Plus(Math.Log(time));
            byExpert = x.Plus(byToken.Times(sign)).logsumexp(1, keepdim: true).neg().Plus(Math.Log(experts));
        }

        return x.Plus(byExpert).Plus(byToken).exp().view(logits.shape);
    }
}
