using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Exceptions of backward passes, by the thread that ran forward and asks for gradients: on a GPU they are computed on
/// threads of libtorch's.
/// </summary>
internal static class BackwardFaults
{
    private static readonly ConcurrentDictionary<int, ExceptionDispatchInfo> Kept = new();

    /// <summary>Keeps an exception; of several the first, which the others follow from.</summary>
    public static void Keep(int asker, Exception fault) => Kept.TryAdd(asker, ExceptionDispatchInfo.Capture(fault));

    /// <summary>
    /// Throws what the calling thread's last backward pass met. Who asks for gradients calls this after; a module in a
    /// network of somebody else's calls it when it is next used.
    /// </summary>
    public static void ThrowIfAny()
    {
        if (!Kept.IsEmpty && Kept.TryRemove(Environment.CurrentManagedThreadId, out var fault))
        {
            fault.Throw();
        }
    }
}
