using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>The best sums of a first and a second score as one step of automatic differentiation.</summary>
internal sealed class PairFunction : GuardedFunction<PairFunction>
{
    public override string Name => nameof(PairFunction);

    /// <summary>Finds the best pairs; records a gradient only where one is wanted.</summary>
    /// <param name="first">[tokens, heads, count], float32, descending.</param>
    /// <param name="second">[tokens, heads, count], float32, descending.</param>
    /// <param name="ranks">The candidates on their device; alive until the gradient is computed.</param>
    public static BestPairs Apply(Tensor first, Tensor second, PairRanks ranks)
    {
        if (!is_grad_enabled())
        {
            return ranks.Best(first, second);
        }

        var call = new Call(ranks);
        var sums = apply(first, second, call);
        return new(sums, call.First!, call.Second!);
    }

    protected override Tensor Compute(autograd.AutogradContext ctx, object[] vars)
    {
        var call = (Call)vars[2];
        (var sums, call.First, call.Second) = call.Ranks.Best((Tensor)vars[0], (Tensor)vars[1]);
        ctx.save_for_backward([call.First, call.Second]);
        ctx.save_data(nameof(Call), call);
        return sums;
    }

    protected override List<Tensor> Differentiate(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var call = (Call)ctx.get_data(nameof(Call));
        var ranks = ctx.get_saved_variables();
        var (byFirst, bySecond) = call.Ranks.ByRank(grad_output, ranks[0], ranks[1]);
        return [byFirst, bySecond, null!];
    }

    private sealed record Call(PairRanks Ranks)
    {
        public Tensor? First { get; set; }

        public Tensor? Second { get; set; }
    }
}
