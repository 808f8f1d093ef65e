using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Chooses each token's experts and weighs them.</summary>
internal abstract class Router : nn.Module
{
    [ComponentName(Name = "selection")] private readonly Parameter _selection;  // W_s: [experts, d_model]

    /// <summary>Creates a router over the given selection matrix; the derived class registers its components.</summary>
    protected Router(string name, Parameter selection)
        : base(name) => _selection = selection;

    /// <summary>Builds the router that <paramref name="options"/> name: the only place that asks which.</summary>
    public static Router Create(MixtureOfExpertsOptions options, BlockContext context) => options.Router switch
    {
        SigmoidRouterOptions sigmoid => new SigmoidRouter(sigmoid, options, context),
        _ => throw new ArgumentException($"There is no router for {options.Router.GetType().Name}.", nameof(options)),
    };

    /// <summary>Routes every token of <paramref name="x"/>, [batch, time, d_model].</summary>
    public abstract Routing Route(Tensor x);

    /// <summary>Computes the weighted balancing loss over all tokens of all calls, a scalar, or null where it has no weight.</summary>
    public abstract Tensor? BalancingLoss(IReadOnlyList<Routing> calls);

    /// <summary>Computes x · W_sᵀ for every token, [tokens, experts], always in float32: a wrong choice costs more than the time.</summary>
    protected Tensor Logits(Tensor x) => nn.functional.linear(x.flatten(0, 1).to(ScalarType.Float32), _selection);
}
