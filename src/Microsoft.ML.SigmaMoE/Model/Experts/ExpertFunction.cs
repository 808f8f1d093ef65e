using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>The experts as one step of automatic differentiation, whichever backend computes them.</summary>
internal sealed class ExpertFunction : GuardedFunction<ExpertFunction>
{
    public override string Name => nameof(ExpertFunction);

    /// <summary>Computes [tokens, d_model]; records a gradient only where one is wanted.</summary>
    /// <param name="backend">Who computes.</param>
    /// <param name="inputs">Tokens, gates and weights.</param>
    /// <param name="batch">The tokens sorted by expert.</param>
    /// <param name="mask">[tokens, K, expert size]: factors on the hidden vectors, or null.</param>
    public static Tensor Apply(IExpertBackend backend, in ExpertInputs inputs, ExpertBatch batch, Tensor? mask)
    {
        var factors = mask?.flatten(0, 1);                              // [tokens · K, expert size]
        if (!is_grad_enabled())
        {
            return backend.Forward(inputs, batch, factors).Output;
        }

        var call = new Call(backend, batch, inputs.Activation);
        var (up, down) = (AsView(inputs.Up), AsView(inputs.Down));
        return apply(inputs.Tokens, inputs.Gates, up, down, inputs.UpBias!, factors!, call);
    }

    protected override Tensor Compute(autograd.AutogradContext ctx, object[] vars)
    {
        var (tensors, call) = (Array.ConvertAll(vars[..6], input => input as Tensor), (Call)vars[6]);
        var forward = call.Backend.Forward(Inputs(tensors, call), call.Batch, tensors[5]);
        ctx.save_for_backward([.. tensors!, forward.Hidden, .. forward.Kept]);
        ctx.save_data(nameof(Call), call);
        return forward.Output;
    }

    protected override List<Tensor> Differentiate(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var call = (Call)ctx.get_data(nameof(Call));
        var saved = ctx.get_saved_variables();
        var by = call.Backend.Backward(grad_output, Inputs(saved, call), call.Batch, saved[5], saved[6]);
        return [by.Tokens, by.Gates, by.Up, by.Down, by.UpBias!, null!, null!];
    }

    private static ExpertInputs Inputs(IReadOnlyList<Tensor?> tensors, Call call) =>
        new(tensors[0]!, tensors[1]!, tensors[2]!, tensors[3]!, tensors[4]) { Activation = call.Activation };

    private sealed record Call(IExpertBackend Backend, ExpertBatch Batch, Activation Activation);
}
