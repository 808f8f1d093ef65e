using System.Runtime.ExceptionServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A step of automatic differentiation whose passes may fail. An exception that left its backward pass would cross
/// libtorch's frames and end the process; here libtorch is given gradients that it refuses, so that its own call fails,
/// and the fault is kept for who made the call: <see cref="BackwardFault.Run"/>.
/// </summary>
/// <remarks>
/// Of the tensors of the forward pass the backward pass may use only what was saved by
/// <see cref="autograd.AutogradContext.save_for_backward"/>: the dispose scope of the first is closed by then. The
/// second has a scope of its own.
/// </remarks>
/// <typeparam name="T">The function itself.</typeparam>
internal abstract class GuardedFunction<T> : autograd.SingleTensorFunction<T>
    where T : GuardedFunction<T>, new()
{
    [ThreadStatic]
    private static Failure? _failure;

    /// <summary>Computes the result and records the step where an input wants a gradient.</summary>
    /// <remarks>
    /// TorchSharp 0.107 keeps a step that did not come to its end for ever, and with it all that came before. So each does,
    /// and a fault is thrown afterwards.
    /// </remarks>
    public static new Tensor apply(params object[] vars)
    {
        _failure = null;
        var result = autograd.SingleTensorFunction<T>.apply(vars);
        if (_failure is { } failure)
        {
            _failure = null;
            result.Dispose();
            failure.Result.Dispose();
            ExceptionDispatchInfo.Throw(failure.Fault);
        }

        return result;
    }

    /// <inheritdoc/>
    public sealed override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        LeftTensors.OfThisThread.Free();
        ctx.set_materialize_grads(false); // TorchSharp makes zeros by a tensor that the forward pass's scope has freed
        ctx.save_data(nameof(Guard), new Guard(BackwardFault.OfThisThread, [.. vars.Select(input => input is Tensor)]));
        try
        {
            return Compute(ctx, vars);
        }
        catch (Exception fault)
        {
            _failure = new(fault, empty(0));
            return _failure.Result;
        }
    }

    /// <inheritdoc/>
    public sealed override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var left = LeftTensors.OfThisThread;
        left.Free();
        if (grad_output.IsInvalid)      // nothing arrives
        {
            return [.. ((Guard)ctx.get_data(nameof(Guard))).AreTensors.Select(_ => (Tensor)null!)];
        }

        using var scope = NewDisposeScope();
        scope.Attach(grad_output);
        var gradients = TryDifferentiate(ctx, grad_output);
        left.Add(gradients);
        return gradients;
    }

    /// <summary>
    /// Gets a parameter as an input. It takes a gradient over where nobody else holds it, and else copies it; what was
    /// returned here is held until this thread's next backward pass. By a view, a gradient arrives as another tensor over
    /// the same numbers.
    /// </summary>
    protected static Tensor AsView(Tensor parameter) => parameter.view(parameter.shape);

    /// <summary>Computes the result and saves what its gradient needs.</summary>
    protected abstract Tensor Compute(autograd.AutogradContext ctx, object[] vars);

    /// <summary>
    /// Computes the gradient by every input, null by those that are no tensors. What else it makes is freed afterwards,
    /// on whichever thread.
    /// </summary>
    protected abstract List<Tensor> Differentiate(autograd.AutogradContext ctx, Tensor grad_output);

    private List<Tensor> TryDifferentiate(autograd.AutogradContext ctx, Tensor arriving)
    {
        try
        {
            return Differentiate(ctx, arriving);
        }
        catch (Exception fault)
        {
            var guard = (Guard)ctx.get_data(nameof(Guard));
            guard.Faults.Keep(fault);
            return [.. guard.AreTensors.Select(isTensor => isTensor ? empty(0) : null!)];
        }
    }

    private sealed record Guard(BackwardFault Faults, bool[] AreTensors);

    /// <summary>A fault of the forward pass, and what was returned in the place of its result.</summary>
    private sealed record Failure(Exception Fault, Tensor Result);
}
