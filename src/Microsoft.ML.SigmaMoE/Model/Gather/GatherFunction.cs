using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// y[n] = Σ_j weight[n, j] · values[chosen[n, j]] as one step of automatic differentiation, whichever backend computes
/// it.
/// </summary>
internal sealed class GatherFunction : GuardedFunction<GatherFunction>
{
    public override string Name => nameof(GatherFunction);

    /// <summary>Computes [tokens, width]; records a gradient only where one is wanted.</summary>
    /// <param name="linear">Tells the number type that values are rounded to.</param>
    /// <param name="weights">[tokens, J], float32.</param>
    /// <param name="values">[values, width], float32.</param>
    /// <param name="chosen">[tokens, J], int64.</param>
    public static Tensor Apply(MixedLinear linear, Tensor weights, Tensor values, Tensor chosen)
    {
        if (is_grad_enabled())
        {
            return apply(weights, AsView(values), new Call(linear, chosen));
        }

        var inputs = new GatherInputs(weights, linear.Rounded(values), chosen);
        return GatherBackends.For(inputs).Sum(inputs);
    }

    protected override Tensor Compute(autograd.AutogradContext ctx, object[] vars)
    {
        var call = (Call)vars[2];
        var inputs = new GatherInputs((Tensor)vars[0], call.Linear.Rounded((Tensor)vars[1]), call.Chosen);
        call.Backend = GatherBackends.For(inputs);
        ctx.save_for_backward([inputs.Weights, inputs.Values, inputs.Chosen]);
        ctx.save_data(nameof(Call), call);
        return call.Backend.Sum(inputs);
    }

    protected override List<Tensor> Differentiate(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var call = (Call)ctx.get_data(nameof(Call));
        var saved = ctx.get_saved_variables();
        var inputs = new GatherInputs(saved[0], saved[1], saved[2]);
        return [call.Backend!.ByWeights(grad_output, inputs), call.Backend.ByValues(grad_output, inputs), null!];
    }

    private sealed record Call(MixedLinear Linear, Tensor Chosen)
    {
        public IGatherBackend? Backend { get; set; }
    }
}
