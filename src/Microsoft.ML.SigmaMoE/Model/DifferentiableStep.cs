using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A step of automatic differentiation whose gradient is this library's. libtorch calls the backward pass, and an exception
/// must not cross its frames: what is thrown there, where memory runs out for one, is kept for <see cref="BackwardFaults"/>,
/// and there are no gradients.
/// </summary>
internal abstract class DifferentiableStep<TSelf> : autograd.SingleTensorFunction<TSelf>
    where TSelf : DifferentiableStep<TSelf>, new()
{
    private const string Asker = "asker", Inputs = "inputs";

    public sealed override string Name => typeof(TSelf).Name;

    public sealed override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        BackwardFaults.ThrowIfAny();
        ctx.save_data(Asker, Environment.CurrentManagedThreadId);
        ctx.save_data(Inputs, vars.Length);
        return Compute(ctx, vars);
    }

    public sealed override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        try
        {
            return Differentiate(ctx, grad_output);
        }
        catch (Exception fault)
        {
            BackwardFaults.Keep((int)ctx.get_data(Asker), fault);
            return [.. new Tensor[(int)ctx.get_data(Inputs)]];
        }
    }

    /// <summary>Computes the result, and saves what its gradient needs.</summary>
    /// <param name="ctx">What is saved goes here.</param>
    /// <param name="vars">Tensors, and whatever else was given.</param>
    protected abstract Tensor Compute(autograd.AutogradContext ctx, object[] vars);

    /// <summary>Computes the gradients by all inputs; null for those that have none.</summary>
    /// <param name="ctx">What was saved.</param>
    /// <param name="byOutput">The gradient by the result.</param>
    protected abstract List<Tensor> Differentiate(autograd.AutogradContext ctx, Tensor byOutput);
}
