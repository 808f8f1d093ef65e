using System.Runtime.InteropServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Tells whether a fault is a want of memory, which less work at a time may cure: a smaller batch, shorter segments or
/// a smaller model. libtorch throws an <see cref="ExternalException"/> then, on the processor and on a GPU, which .NET
/// does not tell from any other.
/// </summary>
public static class MemoryExhaustion
{
    private const int OutOfMemory = 2;                                       // CUDA_ERROR_OUT_OF_MEMORY

    // libtorch gives no code: these are the words of its allocators for GPUs and for the processor
    private static readonly string[] Words =
        ["out of memory", "DefaultCPUAllocator: can't allocate memory", "DefaultCPUAllocator: not enough memory"];

    /// <summary>Tells whether memory ran out, on the processor or on a GPU.</summary>
    /// <param name="fault">What was thrown.</param>
    public static bool Explains(Exception fault) => fault switch
    {
        OutOfMemoryException => true,
        CudaException { Code: OutOfMemory } => true,
        ExternalException => Words.Any(words => fault.Message.Contains(words, StringComparison.Ordinal)),
        _ => false,
    };
}
