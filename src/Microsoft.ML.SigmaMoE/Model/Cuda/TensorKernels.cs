using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Finds the kernels that can work on a tensor.</summary>
internal static class TensorKernels
{
    [ThreadStatic]
    private static DeviceKernels? _emulated;

    /// <summary>
    /// Gets or sets kernels that this thread uses on the processor's tensors, as if they were on a GPU: where there is
    /// no GPU the emulator proves everything that calls kernels.
    /// </summary>
    public static DeviceKernels? Emulated
    {
        get => _emulated;
        set => _emulated = value;
    }

    /// <summary>Gets whether a device is an NVIDIA GPU, or is taken for one.</summary>
    public static bool IsGpu(Device device) =>
        device.type == DeviceType.CUDA || (device.type == DeviceType.CPU && _emulated is not null);

    /// <summary>Gets the kernels of the device that a tensor is on, or null where it has none.</summary>
    /// <exception cref="CudaException">The driver refuses what it should do.</exception>
    public static DeviceKernels? Of(Tensor tensor) => tensor.device_type switch
    {
        DeviceType.CUDA when CudaDriver.IsInstalled => DeviceKernels.OfTorch(tensor.device_index),
        DeviceType.CPU => _emulated,
        _ => null,
    };
}
