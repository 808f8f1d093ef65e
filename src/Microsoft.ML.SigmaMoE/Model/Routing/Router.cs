using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Chooses each token's experts and weighs them. Derive from it, and register it, to try a router of your own.
/// </summary>
/// <remarks>
/// <para>
/// A router is a TorchSharp module: its parameters are trained, checkpointed and saved with the model. Several threads
/// may call it at once, in use and in training, so <see cref="Route"/> changes no fields; what it learns outside the
/// gradient it changes in <see cref="AfterStep"/>, which nothing else runs beside.
/// </para>
/// <para>The tensors that it returns belong to the caller's dispose scope; it opens none.</para>
/// </remarks>
public abstract class Router : nn.Module
{
    private readonly RouterOptions _options;

    /// <summary>Creates a router; the derived class registers its components.</summary>
    /// <param name="name">The module's name.</param>
    /// <param name="context">What the router is built for.</param>
    protected Router(string name, RouterContext context)
        : base(name)
    {
        ArgumentNullException.ThrowIfNull(context);
        _options = context.Options;
    }

    /// <summary>Routes every token.</summary>
    /// <param name="x">[batch, time, d_model], float32.</param>
    /// <returns>What the [batch · time] tokens were given, in the order in which they lie.</returns>
    public abstract Routing Route(Tensor x);

    /// <summary>
    /// Computes the weighted balancing loss over all tokens of all calls of a step, a scalar; null where it has no
    /// weight. By default the one that <see cref="RouterOptions.Balancing"/> names, from the logits that were returned.
    /// </summary>
    public virtual Tensor? BalancingLoss(IReadOnlyList<Routing> calls) => _options.BalancingWeight > 0
        ? SigmaMoE.BalancingLoss.Of(_options.Balancing, calls).Times(_options.BalancingWeight)
        : null;

    /// <summary>Adapts what no gradient reaches, once after each training step. Nothing by default.</summary>
    /// <param name="calls">Where the tokens of the step went.</param>
    public virtual void AfterStep(IReadOnlyList<Routing> calls)
    {
    }

    /// <summary>
    /// Routes a few tokens, [.., d_model], on the processor as <see cref="Route"/> does in evaluation, without tensors.
    /// </summary>
    /// <returns>
    /// [tokens · K] experts and weights, or null where this router does not choose for each token by itself.
    /// </returns>
    internal virtual (int[] Experts, float[] Weights)? TryChoose(Tensor tokens) => null;

    /// <summary>Builds the router that the options name: the only place that asks which.</summary>
    internal static Router Create(RouterContext context) => context.Options switch
    {
        SigmoidRouterOptions => new SigmoidRouter(context),
        SoftmaxBeforeTopKRouterOptions or SwitchRouterOptions => new SoftmaxBeforeTopKRouter(context),
        SoftmaxAfterTopKRouterOptions => new SoftmaxAfterTopKRouter(context),
        SinkhornRouterOptions sinkhorn => new SinkhornRouter(sinkhorn, context),
        NoisyTopKRouterOptions => new NoisyTopKRouter(context),
        LossFreeRouterOptions lossFree => new LossFreeRouter(lossFree, context),
        CustomRouterOptions custom => CustomRouters.Create(custom, context),
        _ => throw new ArgumentException($"There is no router for {context.Options.GetType().Name}.", nameof(context)),
    };
}
