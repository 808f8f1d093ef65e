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
        LeftTensors.OfThisThread.Free();
        var factors = mask?.flatten(0, 1);                              // [tokens · K, expert size]
        if (!is_grad_enabled())
        {
            return backend.Forward(inputs, batch, factors).Output;
        }

        var call = new Call(backend, batch, factors, inputs.Activation, LeftTensors.OfThisThread);
        return apply(inputs.Tokens, inputs.Gates, inputs.Up, inputs.Down, inputs.UpBias!, call);
    }

    protected override Tensor Compute(autograd.AutogradContext ctx, object[] vars)
    {
        var call = (Call)vars[5];
        var inputs = new ExpertInputs(
            (Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], (Tensor)vars[3], vars[4] as Tensor)
        {
            Activation = call.Activation,
        };
        var (output, hidden) = call.Backend.Forward(inputs, call.Batch, call.Mask);
        List<Tensor> saved = [inputs.Tokens, inputs.Gates, inputs.Up, inputs.Down, hidden];
        ctx.save_for_backward(inputs.UpBias is { } bias ? [.. saved, bias] : saved);
        ctx.save_data(nameof(Call), call);
        return output;
    }

    protected override List<Tensor> Differentiate(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var call = (Call)ctx.get_data(nameof(Call));
        var saved = ctx.get_saved_variables();
        var inputs = new ExpertInputs(saved[0], saved[1], saved[2], saved[3], saved.Count > 5 ? saved[5] : null)
        {
            Activation = call.Activation,
        };
        var by = call.Backend.Backward(grad_output, inputs, call.Batch, call.Mask, saved[4]);
        call.Left.Add([grad_output, .. saved, by.Tokens, by.Gates, by.Up, by.Down, by.UpBias]);
        return [by.Tokens, by.Gates, by.Up, by.Down, by.UpBias!, null!];
    }

    private sealed record Call(
        IExpertBackend Backend, ExpertBatch Batch, Tensor? Mask, Activation Activation, LeftTensors Left);
}
