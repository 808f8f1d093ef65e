using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The memory of a tensor as a span, where it has one: contiguous float32 on the CPU, short of 2 GiB.
/// </summary>
internal static class FloatSpan
{
    public static bool Exists(Tensor tensor) =>
        tensor.device_type == DeviceType.CPU && tensor.dtype == ScalarType.Float32 && tensor.is_contiguous()
        && tensor.numel() <= int.MaxValue / sizeof(float);

    /// <summary>Gets the tensor's own memory: valid as long as the tensor is.</summary>
    public static Span<float> Of(Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.bytes);
}
