using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Shazeer et al. 2017: h = x · W_sᵀ + ε ⊙ size, ε normal, size = softplus(x · W_noiseᵀ) + 0.01, in training; h = x ·
/// W_sᵀ in use. The K largest of h are taken; the weights are a softmax over those K. The probability that a token
/// chooses expert e, the noise of e drawn again, is Φ((x · W_sᵀ − the K-th largest h of the others)_e / size_e).
/// </summary>
internal sealed class NoisyTopKRouter : LinearRouter
{
    // Division by the noise's size stays harmless however small training makes it.
    private const double LeastNoise = 0.01;

    [ComponentName(Name = "noise")] private readonly Parameter _noise;  // W_noise: [experts, d_model]

    private readonly int _active;

    public NoisyTopKRouter(RouterContext context)
        : base(nameof(NoisyTopKRouter), context)
    {
        _noise = WeightInitialization.Constant([context.Mixture.ExpertCount, context.ModelSize], 0);
        _active = context.Mixture.ActiveExperts;
        RegisterComponents();
    }

    public override Routing Route(Tensor x) // [batch, time, d_model]
    {
        var logits = Logits(x);                                                                 // [tokens, experts]
        var size = training ? NoiseSize(x) : null;                                              // [tokens, experts]
        var noisy = WithNoise(logits, size);                                                    // [tokens, experts]
        var routing = TryRoute(RouteFormula.SoftmaxOfChosen, x, noisy) ?? RouteByOperations(noisy, x.shape);
        return routing with
        {
            Logits = logits,
            ChoiceProbabilities = size is null ? null : ChoiceProbabilities(logits, noisy, size),
        };
    }

    private Routing RouteByOperations(Tensor noisy, long[] shape)
    {
        var (_, experts) = Choose(noisy.detach(), shape, dropped: double.NegativeInfinity);     // [tokens, K]
        return new(experts, noisy.gather(-1, experts).softmax(-1), noisy);
    }

    internal override Tensor Scores(Tensor x, Tensor logits) =>
        WithNoise(logits, training ? NoiseSize(x) : null).detach();

    private Tensor WithNoise(Tensor logits, Tensor? size) =>
        size is null ? logits : logits.Plus(Randomness.Normal(logits.shape) * size);

    private Tensor NoiseSize(Tensor x)
    {
        var raw = nn.functional.linear(x.flatten(0, 1).to(ScalarType.Float32), _noise);         // [tokens, experts]
        return logaddexp(raw, zeros_like(raw)).Plus(LeastNoise);
    }

    // Without expert e, the K-th largest is the (K + 1)-th of all where e is among the K largest, else the K-th of all.
    private Tensor ChoiceProbabilities(Tensor logits, Tensor noisy, Tensor size)
    {
        if (_active == logits.size(1))
        {
            return ones_like(logits);
        }

        var (largest, _) = noisy.topk(_active + 1, dim: -1, sorted: true);                      // [tokens, K + 1]
        var (last, next) = (largest.narrow(-1, _active - 1, 1), largest.narrow(-1, _active, 1));
        var bar = where(noisy.greater(next), next, last);                                       // [tokens, experts]
        var distance = (logits - bar) / size;
        return distance.Times(1 / Math.Sqrt(2)).erf().Plus(1).Times(0.5);
    }
}
