using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// y = Σ over the chosen experts e of weight_e · φ(x · up_eᵀ + b_e) · down_e (section 5 of the paper). Experts that a
/// token was not sent to are not computed for it. In a model the output is as wide as a token; in a network of
/// somebody's own it may have another width.
/// </summary>
internal sealed class MixtureOfExperts : FeedForward
{
    // Both matrices are neuron-major: the weights into and out of one hidden neuron are contiguous rows.
    [ComponentName(Name = "expert_up")] private readonly Parameter _up;             // [experts, expert size, d_model]
    [ComponentName(Name = "expert_down")] private readonly Parameter _down;         // [experts, expert size, outputs]
    [ComponentName(Name = "expert_bias")] private readonly Parameter? _upBias;      // [experts, expert size]
    [ComponentName(Name = "output_bias")] private readonly Parameter? _outputBias;  // [outputs]
    [ComponentName(Name = "router")] private readonly Router _router;
    [ComponentName(Name = "dropout")] private readonly InvertedDropout _dropout;
    private readonly BlockContext _context;
    private readonly int _active;
    private readonly int _outputs;
    private readonly Activation _activation;

    public MixtureOfExperts(MixtureOfExpertsOptions options, BlockContext context, int? outputSize = null)
        : base(nameof(MixtureOfExperts))
    {
        var (experts, size, modelSize) = (options.ExpertCount, options.ExpertSize, context.Model.ModelSize);
        var gain = WeightInitialization.MixtureGain(options, context);
        var width = options.EffectiveInitialization.ExpertScaledAlone ? size : (double)experts * size;
        _up = WeightInitialization.Normal([experts, size, modelSize], gain / Math.Sqrt(modelSize), context.Randomness);
        _outputs = outputSize ?? modelSize;
        _down = WeightInitialization.Normal([experts, size, _outputs], gain / Math.Sqrt(width), context.Randomness);
        if (options.Bias)
        {
            _upBias = WeightInitialization.Constant([experts, size], 0);
            _outputBias = WeightInitialization.Constant([_outputs], 0);
        }

        _router = Router.Create(new RouterContext(options, context));
        _dropout = new InvertedDropout(options.HiddenDropout, context.Randomness);
        (_context, _active, _activation) = (context, options.ActiveExperts, options.Activation);
        RegisterComponents();
    }

    /// <summary>Gets where the weights live.</summary>
    public Device Device => _up.device;

    /// <summary>Gets who chooses the experts.</summary>
    public Router Router => _router;

    public override FeedForwardOutput forward(Tensor x)                           // [batch, time, d_model]
    {
        var routing = _router.Route(x);
        CheckShapes(routing, x.size(0) * x.size(1));
        var mixed = Mix(x.flatten(0, 1), routing);                                // [batch · time, outputs]
        var shifted = _outputBias is null ? mixed : mixed.Plus(_outputBias);
        return new(shifted.view(x.size(0), x.size(1), _outputs), routing);      // [batch, time, outputs]
    }

    public override Tensor Decode(Tensor x)                                       // [batch, time, d_model]
    {
        if (!ExpertBackends.CanDecode(x, _up) || _router.TryChoose(x) is not { } choice)
        {
            return base.Decode(x);
        }

        var inputs = new ExpertInputs(x, x, _up, _down, _upBias) { Activation = _activation, Frozen = _context.Frozen };
        var mixed = ExpertBackends.Decode(_context.ComputeType, inputs, choice.Experts, choice.Weights);
        return _outputBias is null ? mixed : mixed.Plus(_outputBias);             // [batch, time, d_model]
    }

    public override bool HasExperts => true;

    public override Tensor? BalancingLoss(IReadOnlyList<Routing> calls) => _router.BalancingLoss(calls);

    public override void AfterStep(IReadOnlyList<Routing> calls) => _router.AfterStep(calls);

    // A router may be anybody's.
    private void CheckShapes(Routing routing, long tokens)
    {
        long[] chosen = [tokens, _active];
        if (!routing.Experts.shape.SequenceEqual(chosen) || !routing.Weights.shape.SequenceEqual(chosen)
            || !routing.Logits.shape.SequenceEqual([tokens, _up.size(0)]) || routing.Experts.dtype != ScalarType.Int64)
        {
            throw new InvalidOperationException(
                $"The router {_router.GetName()} returned experts [{string.Join(", ", routing.Experts.shape)}] of type {routing.Experts.dtype}, "
                + $"weights [{string.Join(", ", routing.Weights.shape)}] and logits [{string.Join(", ", routing.Logits.shape)}]; for {tokens} "
                + $"tokens, K = {_active} and {_up.size(0)} experts they must be [tokens, K] of type Int64, [tokens, K] and [tokens, experts].");
        }
    }

    private Tensor Mix(Tensor tokens, Routing routing)
    {
        var batch = ExpertBatch.Create(routing.Experts, _up.size(0), routing.Counted);
        var mask = _dropout.IsActive ? _dropout.Mask([.. routing.Experts.shape, _up.size(1)]) : null;  // [tokens, K, G]
        var inputs = new ExpertInputs(tokens, routing.Weights, _up, _down, _upBias) { Activation = _activation, Frozen = _context.Frozen };
        var backend = ExpertBackends.For(_context.Precision, inputs);
        return ExpertFunction.Apply(backend, inputs, batch, mask);
    }
}
