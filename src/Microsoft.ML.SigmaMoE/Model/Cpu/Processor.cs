using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What the running processor can do and .NET does not tell.</summary>
internal static class Processor
{
    // oneDNN obeys these; asked for what they forbid, it ends the process
    private static readonly string[] Limits = ["ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"];

    /// <summary>Gets whether it multiplies bfloat16 natively, and oneDNN may.</summary>
    public static bool HasBFloat16 { get; } =
        DetectBFloat16() && !Limits.Select(Environment.GetEnvironmentVariable).Any(ForbidsBFloat16);

    /// <summary>Gets whether it has the registers and instructions of <see cref="RegisterTiles{TLanes, TVector}"/>.</summary>
    public static bool HasRegisterTiles { get; } = Vector512.IsHardwareAccelerated || (Avx2.IsSupported && Fma.IsSupported);

    /// <summary>Tells whether a limit to oneDNN's instructions leaves out bfloat16. Values it does not know are no limit to it.</summary>
    public static bool ForbidsBFloat16(string? limit) =>
        limit?.ToUpperInvariant() is "SSE41" or "AVX" or "AVX2" or "AVX2_VNNI" or "AVX2_VNNI_2" or "AVX512_CORE" or "AVX512_CORE_VNNI";

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
