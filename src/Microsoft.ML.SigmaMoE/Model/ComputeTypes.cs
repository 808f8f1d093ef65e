using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Which number type matrix multiplications use on a device.</summary>
internal static class ComputeTypes
{
    /// <summary>Chooses for a device: what was asked for, or bfloat16 where it is faster.</summary>
    public static ScalarType Resolve(Precision precision, Device device) => precision switch
    {
        Precision.Float32 or Precision.TensorFloat32 => ScalarType.Float32,
        Precision.BFloat16 => ScalarType.BFloat16,
        Precision.Automatic => PrefersBFloat16(device) ? ScalarType.BFloat16 : ScalarType.Float32,
        _ => throw new ArgumentOutOfRangeException(nameof(precision), precision, $"There is no precision {precision}."),
    };

    /// <summary>Gets whether the processor multiplies bfloat16 natively, be it faster than float32 or not.</summary>
    public static bool ProcessorHasBFloat16 => Processor.HasBFloat16;

    private static bool PrefersBFloat16(Device device) => device.type switch
    {
        DeviceType.CPU => Processor.PrefersBFloat16,
        DeviceType.CUDA => GpuAbility.HasBFloat16(device),
        _ => false,
    };
}
