using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Chooses each token's experts and weighs them.</summary>
internal abstract class Router(string name) : nn.Module(name)
{
    /// <summary>Builds the router that <paramref name="options"/> name: the only place that asks which.</summary>
    public static Router Create(MixtureOfExpertsOptions options, BlockContext context) => options.Router switch
    {
        SigmoidRouterOptions => new SigmoidRouter(options, context),
        SoftmaxBeforeTopKRouterOptions or SwitchRouterOptions => new SoftmaxBeforeTopKRouter(options, context),
        SoftmaxAfterTopKRouterOptions => new SoftmaxAfterTopKRouter(options, context),
        SinkhornRouterOptions sinkhorn => new SinkhornRouter(sinkhorn, options, context),
        NoisyTopKRouterOptions => new NoisyTopKRouter(options, context),
        _ => throw new ArgumentException($"There is no router for {options.Router.GetType().Name}.", nameof(options)),
    };

    /// <summary>Routes every token of <paramref name="x"/>, [batch, time, d_model].</summary>
    public abstract Routing Route(Tensor x);

    /// <summary>
    /// Routes a few tokens, [tokens, d_model], on the processor as <see cref="Route"/> does in evaluation, without tensors.
    /// </summary>
    /// <returns>[tokens · K] experts and weights, or null where this router does not choose for each token by itself.</returns>
    public virtual (int[] Experts, float[] Weights)? TryChoose(Tensor tokens) => null;

    /// <summary>Computes the weighted balancing loss over all tokens of all calls, a scalar, or null where it has no weight.</summary>
    public virtual Tensor? BalancingLoss(IReadOnlyList<Routing> calls) => null;
}
