using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>A router whose gradient is no number in chosen steps, while the loss is one.</summary>
internal sealed class FaultyRouter : Router
{
    [ComponentName(Name = "selection")] private readonly Parameter _selection;
    private readonly int _active;
    private readonly Faults _faults;

    private FaultyRouter(RouterContext context, Faults faults)
        : base(nameof(FaultyRouter), context)
    {
        _selection = context.NormalParameter(1, context.Mixture.ExpertCount, context.ModelSize);
        (_active, _faults) = (context.Mixture.ActiveExperts, faults);
        RegisterComponents();
    }

    /// <summary>Gets experts with such a router.</summary>
    /// <param name="faults">When its gradient is no number.</param>
    public static MixtureOfExpertsOptions Experts(Faults faults)
    {
        var name = $"test-faulty-{Guid.NewGuid()}";
        CustomRouters.Register(name, context => new FaultyRouter(context, faults));
        return TinyModel.Experts with { Router = new CustomRouterOptions { Name = name } };
    }

    public override Routing Route(Tensor x)
    {
        var logits = nn.functional.linear(x.flatten(0, 1), _selection); // [tokens, experts]
        var (weights, experts) = Faulty.apply(logits, _faults.AreOn).sigmoid().topk(_active, dim: -1); // [tokens, K]
        return new(experts, weights, logits);
    }

    /// <summary>The steps, counted from 1, in which the gradient is no number.</summary>
    internal sealed class Faults(Func<long, bool> steps)
    {
        private long _step;

        public bool AreOn => steps(_step);

        /// <summary>What training calls before a step.</summary>
        public void BeforeStep() => _step++;

        /// <summary>Goes on after a step.</summary>
        public void Resume(long step) => _step = step;
    }

    private sealed class Faulty : GuardedFunction<Faulty>
    {
        public override string Name => nameof(Faulty);

        protected override Tensor Compute(autograd.AutogradContext ctx, object[] vars)
        {
            ctx.save_data("faulty", vars[1]);
            return ((Tensor)vars[0]).clone();
        }

        protected override List<Tensor> Differentiate(autograd.AutogradContext ctx, Tensor grad_output) =>
            [(bool)ctx.get_data("faulty") ? full_like(grad_output, double.PositiveInfinity) : grad_output.clone(), null!];
    }
}
