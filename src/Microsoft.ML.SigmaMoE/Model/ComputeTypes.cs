using System.Runtime.Intrinsics.X86;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Which number type matrix multiplications use on a device.</summary>
internal static class ComputeTypes
{
    /// <summary>Gets whether this processor multiplies bfloat16 natively.</summary>
    public static bool ProcessorHasBFloat16 { get; } = DetectBFloat16();

    /// <summary>Chooses for a device: what was asked for, or bfloat16 where it is native.</summary>
    public static ScalarType Resolve(Precision precision, Device device) => precision switch
    {
        Precision.Float32 => ScalarType.Float32,
        Precision.BFloat16 => ScalarType.BFloat16,
        Precision.Automatic => HasBFloat16(device) ? ScalarType.BFloat16 : ScalarType.Float32,
        _ => throw new ArgumentOutOfRangeException(nameof(precision), precision, $"There is no precision {precision}."),
    };

    // Every NVIDIA GPU since compute capability 8.0 has it, and TorchSharp cannot ask: libtorch emulates it on older ones.
    private static bool HasBFloat16(Device device) => device.type == DeviceType.CPU ? ProcessorHasBFloat16 : device.type == DeviceType.CUDA;

    // CPUID leaf 7: subleaf 1 EAX bit 5 is AVX512_BF16, subleaf 0 EDX bit 22 is AMX-BF16. oneDNN uses them with AVX-512.
    private static bool DetectBFloat16()
    {
        if (!X86Base.IsSupported || !Avx512F.IsSupported || X86Base.CpuId(0, 0).Eax < 7)
        {
            return false;
        }

        var (subleaves, _, _, features) = X86Base.CpuId(7, 0);
        var hasTiles = (features & (1 << 22)) != 0;
        return hasTiles || (subleaves >= 1 && (X86Base.CpuId(7, 1).Eax & (1 << 5)) != 0);
    }
}
