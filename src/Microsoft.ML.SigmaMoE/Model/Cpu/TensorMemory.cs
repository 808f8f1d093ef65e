using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The memory of contiguous tensors on the processor. It does not move; it lives as long as the tensor.
/// </summary>
internal static unsafe class TensorMemory
{
    /// <summary>Gets the first element, or null for no tensor.</summary>
    public static T* Of<T>(Tensor? tensor)
        where T : unmanaged =>
        tensor is null ? null : (T*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));
}
