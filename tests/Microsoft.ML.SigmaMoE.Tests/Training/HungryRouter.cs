using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// A router that asks libtorch for more memory than there is, forward or backward, when a test wants it.
/// </summary>
internal sealed class HungryRouter : Router
{
    [ComponentName(Name = "selection")] private readonly Parameter _selection;
    private readonly int _active;
    private readonly Appetite _appetite;

    private HungryRouter(RouterContext context, Appetite appetite)
        : base(nameof(HungryRouter), context)
    {
        _selection = context.NormalParameter(1, context.Mixture.ExpertCount, context.ModelSize);
        (_active, _appetite) = (context.Mixture.ActiveExperts, appetite);
        RegisterComponents();
    }

    /// <summary>Gets experts with such a router.</summary>
    /// <param name="appetite">When it is hungry.</param>
    public static MixtureOfExpertsOptions Experts(Appetite appetite)
    {
        CustomRouters.Register("test-hungry", context => new HungryRouter(context, appetite));
        return TinyModel.Experts with { Router = new CustomRouterOptions { Name = "test-hungry" } };
    }

    public override Routing Route(Tensor x)
    {
        _appetite.Calls++;
        if (_appetite.Forward == _appetite.Calls || (int)x.shape[0] > _appetite.MostRows)
        {
            empty(1L << 50);
        }

        var logits = nn.functional.linear(x.flatten(0, 1), _selection);
        var (weights, experts) = Hungry.apply(logits, _appetite.Backward == _appetite.Calls)
            .sigmoid()
            .topk(_active, dim: -1);
        return new(experts, weights, logits);
    }

    /// <summary>At which call of a router, counted over all layers, memory runs out; 0 for never.</summary>
    internal sealed class Appetite
    {
        public int Calls { get; set; }

        public int Forward { get; set; }

        public int Backward { get; set; }

        public int MostRows { get; init; } = int.MaxValue;
    }

    private sealed class Hungry : GuardedFunction<Hungry>
    {
        public override string Name => nameof(Hungry);

        protected override Tensor Compute(autograd.AutogradContext ctx, object[] vars)
        {
            ctx.save_data("hungry", vars[1]);
            return ((Tensor)vars[0]).clone();
        }

        protected override List<Tensor> Differentiate(autograd.AutogradContext ctx, Tensor grad_output)
        {
            if ((bool)ctx.get_data("hungry"))
            {
                empty(1L << 50);
            }

            return [grad_output.clone(), null!];
        }
    }
}
