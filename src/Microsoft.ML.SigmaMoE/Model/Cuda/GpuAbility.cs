using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What one of libtorch's GPUs can do; TorchSharp cannot ask.</summary>
internal static class GpuAbility
{
    /// <summary>Tells whether a GPU multiplies bfloat16 itself: libtorch emulates it on those that cannot.</summary>
    public static bool HasBFloat16(Device device) =>
        DeviceKernels.OfTorch(Math.Max(0, device.index)).Device.HasBFloat16; // −1 is the first one
}
