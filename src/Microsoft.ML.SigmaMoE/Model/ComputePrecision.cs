using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What a <see cref="Precision"/> means on a device: how matrices are multiplied there.</summary>
/// <param name="Type">The number type of matrix multiplications.</param>
internal sealed record ComputePrecision(ScalarType Type)
{
    /// <summary>
    /// Gets whether float32 may be rounded on tensor cores, as <see cref="Precision.TensorFloat32"/> says.
    /// </summary>
    public bool AllowsTensorFloat32 { get; init; }

    /// <summary>Gets whether gradients have too little range, so that training has to scale its losses.</summary>
    public bool ScalesLosses { get; init; }

    /// <summary>Gets whether the processor multiplies bfloat16 natively, be it faster than float32 or not.</summary>
    public static bool ProcessorHasBFloat16 => Processor.HasBFloat16;

    /// <summary>Takes a number type as it is.</summary>
    public static implicit operator ComputePrecision(ScalarType type) => new(type);

    /// <summary>Chooses for a device: what was asked for, or bfloat16 where it is faster.</summary>
    public static ComputePrecision Of(Precision precision, Device device) => precision switch
    {
        Precision.Float32 => ScalarType.Float32,
        Precision.TensorFloat32 => new ComputePrecision(ScalarType.Float32) { AllowsTensorFloat32 = true },
        Precision.BFloat16 => ScalarType.BFloat16,
        Precision.Float16 when !TensorKernels.IsGpu(device) => ScalarType.Float32,
        Precision.Float16 => new ComputePrecision(ScalarType.Float16) { ScalesLosses = true },
        Precision.Automatic => PrefersBFloat16(device) ? ScalarType.BFloat16 : ScalarType.Float32,
        _ => throw new ArgumentOutOfRangeException(nameof(precision), precision, $"There is no precision {precision}."),
    };

    private static bool PrefersBFloat16(Device device) => device.type switch
    {
        DeviceType.CPU => Processor.PrefersBFloat16 && Brgemm.IsAvailable, // without it experts would be fast in float32 alone
        DeviceType.CUDA => GpuAbility.HasBFloat16(device),
        _ => false,
    };
}
