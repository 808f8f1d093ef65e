using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What the running processor can do and .NET does not tell.</summary>
internal static class Processor
{
    // oneDNN obeys these; asked for what they forbid, it ends the process
    private static readonly string[] Limits = ["ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"];

    private const string Listing = "/proc/cpuinfo";

    private static readonly bool IsIntel = X86Base.IsSupported && X86Base.CpuId(0, 0).Ebx == 0x756E6547;    // "Genu"

    /// <summary>Gets whether it has matrix units (AMX) for bfloat16, and oneDNN may use them.</summary>
    public static bool HasMatrixUnits { get; } =
        DetectMatrixUnits() && !Limits.Select(Environment.GetEnvironmentVariable).Any(ForbidsMatrixUnits);

    /// <summary>Gets whether it multiplies bfloat16 natively, and oneDNN may.</summary>
    public static bool HasBFloat16 { get; } =
        DetectBFloat16() && !Limits.Select(Environment.GetEnvironmentVariable).Any(ForbidsBFloat16);

    /// <summary>
    /// Gets whether it multiplies bfloat16 faster than float32. Intel's vector units do not: without matrix units a
    /// dense layer took 1.6 times as long in bfloat16, and experts 1.2 times. A rule, not a measurement, so that a
    /// program computes the same on the same machine at every start.
    /// </summary>
    public static bool PrefersBFloat16 { get; } = HasBFloat16 && (HasMatrixUnits || !IsIntel);

    /// <summary>
    /// Gets whether it has the registers and instructions of <see cref="RegisterTiles{TLanes, TVector}"/>.
    /// </summary>
    public static bool HasRegisterTiles { get; } = Vector512.IsHardwareAccelerated
        || (Avx2.IsSupported && Fma.IsSupported);

    /// <summary>
    /// Tells whether a limit to oneDNN's instructions leaves out bfloat16. Values it does not know are no limit to it.
    /// </summary>
    public static bool ForbidsBFloat16(string? limit) =>
        limit?.ToUpperInvariant() is "SSE41" or "AVX" or "AVX2" or "AVX2_VNNI" or "AVX2_VNNI_2" or "AVX512_CORE" or "AVX512_CORE_VNNI";

    /// <summary>Tells whether a limit to oneDNN's instructions leaves out matrix units.</summary>
    public static bool ForbidsMatrixUnits(string? limit) =>
        ForbidsBFloat16(limit)
            || limit?.ToUpperInvariant() is "AVX512_CORE_BF16" or "AVX512_CORE_FP16" or "AVX10_1_512";

    /// <summary>
    /// Tells whether Linux lists matrix units among a processor's flags, in the text of /proc/cpuinfo.
    /// </summary>
    public static bool ListsMatrixUnits(IEnumerable<string> lines) =>
        lines.FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal))
            ?.Split(' ')
            .Contains("amx_bf16") == true;

    // CPUID leaf 7, subleaf 0: EDX bit 22 is AMX-BF16. oneDNN uses it with AVX-512. A system that does not keep the
    // units' state hides them from programs, but not from CPUID.
    private static bool DetectMatrixUnits() =>
        HasLeaf7 && (X86Base.CpuId(7, 0).Edx & (1 << 22)) != 0
            && (!File.Exists(Listing) || ListsMatrixUnits(File.ReadLines(Listing)));

    // Subleaf 1: EAX bit 5 is AVX512_BF16.
    private static bool DetectBFloat16() => DetectMatrixUnits()
        || (HasLeaf7 && X86Base.CpuId(7, 0).Eax >= 1 && (X86Base.CpuId(7, 1).Eax & (1 << 5)) != 0);

    private static bool HasLeaf7 => X86Base.IsSupported && Avx512F.IsSupported && X86Base.CpuId(0, 0).Eax >= 7;
}
