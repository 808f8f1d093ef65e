using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What the running processor can do and .NET does not tell.</summary>
internal static class Processor
{
    /// <summary>Gets whether it multiplies bfloat16 natively.</summary>
    public static bool HasBFloat16 { get; } = DetectBFloat16();

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
