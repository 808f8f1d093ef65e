using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What failed in a backward pass that this thread asked for, on whichever thread it failed.</summary>
internal sealed class BackwardFault
{
    [ThreadStatic]
    private static BackwardFault? _ofThisThread;
    private Exception? _fault;

    /// <summary>Gets the calling thread's.</summary>
    public static BackwardFault OfThisThread => _ofThisThread ??= new();

    /// <summary>Adds the gradient of a loss to those of the parameters.</summary>
    /// <remarks>
    /// <c>autograd.grad</c> of TorchSharp 0.107 ends the process where libtorch fails in it, for instance for want of memory.
    /// </remarks>
    /// <exception cref="ExternalException">
    /// libtorch failed. What a <see cref="GuardedFunction{T}"/> threw is thrown as it is.
    /// </exception>
    public static void Run(Tensor loss)
    {
        var faults = OfThisThread;
        faults.Take();
        try
        {
            loss.backward();
        }
        catch (ExternalException) when (faults.Take() is { } fault)
        {
            ExceptionDispatchInfo.Throw(fault);
        }
    }

    /// <summary>Keeps the first fault.</summary>
    public void Keep(Exception fault) => Interlocked.CompareExchange(ref _fault, fault, null);

    private Exception? Take() => Interlocked.Exchange(ref _fault, null);
}
