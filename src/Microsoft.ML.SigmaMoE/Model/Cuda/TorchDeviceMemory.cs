using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Memory of libtorch's tensors on a device. What is handed out here stays while this object and its scope do.
/// </summary>
/// <remarks>
/// libtorch's allocator gives freed memory out again in the order of the stream that kernels are launched on, so memory
/// may be freed as soon as the launch has returned.
/// </remarks>
internal sealed partial class TorchDeviceMemory(Device device) : IDeviceMemory
{
    // copies of 16 bytes
    private const int Alignment = 16;
    private readonly List<Tensor> _tensors = [];

    public nint Allocate(long bytes) =>
        AddressOf(empty(Math.Max(bytes, 1), dtype: ScalarType.Byte, device: device))!.Value;

    /// <summary>
    /// Gets the address of a tensor's first element; of a copy where its elements do not lie side by side.
    /// </summary>
    /// <returns>The address, or null for no tensor.</returns>
    public nint? AddressOf(Tensor? tensor)
    {
        if (tensor is null)
        {
            return null;
        }

        var dense = tensor.contiguous();
        if (THSTensor_data(dense.Handle) % Alignment != 0)
        {
            dense = dense.clone();
        }

        _tensors.Add(dense);
        return THSTensor_data(dense.Handle);
    }

    /// <summary>Gets what was handed out.</summary>
    public IReadOnlyList<Tensor> Tensors => _tensors;

    /// <summary>Takes what was handed out from its scope; whoever gets it disposes it.</summary>
    public IReadOnlyList<Tensor> Detach() => [.. _tensors.Select(tensor => tensor.DetachFromDisposeScope())];

    /// <summary>Gets the address of a dense tensor's own first element, to change it in place.</summary>
    public static nint AddressInPlace(Tensor tensor) => tensor.is_contiguous()
        ? THSTensor_data(tensor.Handle)
        : throw new ArgumentException(
            "The tensor is not dense: a copy would be changed instead of it.", nameof(tensor));

    [LibraryImport("LibTorchSharp")]
    private static partial nint THSTensor_data(nint tensor);
}
