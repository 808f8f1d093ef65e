using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Scores s = σ(x · W_sᵀ); the K largest of s + bias are taken, weighted by their s. After each training step
/// bias_e += u · sign(mean count − count_e), counted over all tokens of the step.
/// </summary>
internal sealed class LossFreeRouter : LinearRouter
{
    [ComponentName(Name = "bias")] private readonly Parameter _bias;  // [experts], moved by AfterStep alone

    private readonly double _rate;

    public LossFreeRouter(LossFreeRouterOptions options, RouterContext context)
        : base(nameof(LossFreeRouter), context)
    {
        _rate = options.BiasUpdateRate;
        _bias = WeightInitialization.Constant([context.Mixture.ExpertCount], 0, requiresGradient: false);
        RegisterComponents();
    }

    public override Routing Route(Tensor x)                                                // [batch, time, d_model]
    {
        var logits = Logits(x);                                                            // [tokens, experts]
        var scores = logits.sigmoid();                                                     // [tokens, experts]
        var biased = Biased(scores);                                                       // [tokens, experts]
        if (TryRoute(RouteFormula.Sigmoid, x, logits, biased) is { } routing)
        {
            return routing;
        }

        var (_, experts) = Choose(biased, x.shape, double.NegativeInfinity);               // [tokens, K]
        return new(experts, scores.gather(-1, experts), logits);
    }

    internal override Tensor Scores(Tensor x, Tensor logits) => Biased(logits.sigmoid());

    public override void AfterStep(IReadOnlyList<Routing> calls)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var chosen = cat([.. calls.Select(call => call.Experts.flatten())]);       // [tokens · K]
        var counts = chosen.bincount(null, _bias.size(0)).to(ScalarType.Float32);  // [experts]
        _bias.AddInPlace((counts.mean() - counts).sign(), _rate);
    }

    private Tensor Biased(Tensor scores) => scores.detach().Plus(_bias);
}
