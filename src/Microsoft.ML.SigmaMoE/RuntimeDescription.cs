using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// What this process computes with: versions, processor, chosen kernels, GPUs, and settings that were changed.
/// </summary>
public sealed record RuntimeDescription
{
    private RuntimeDescription()
    {
    }

    /// <summary>Gets the version of this library.</summary>
    public string LibraryVersion { get; } = VersionOf(typeof(RuntimeDescription).Assembly);

    /// <summary>Gets the version of TorchSharp.</summary>
    public string TorchSharpVersion { get; } = VersionOf(typeof(torch).Assembly);

    /// <summary>Gets the version of libtorch that TorchSharp was made for.</summary>
    public string TorchVersion { get; } = torch.__version__;

    /// <summary>Gets the version of .NET.</summary>
    public string Framework { get; } = RuntimeInformation.FrameworkDescription;

    /// <summary>Gets the operating system and its architecture.</summary>
    public string OperatingSystem { get; } =
        $"{RuntimeInformation.OSDescription} ({RuntimeInformation.OSArchitecture})";

    /// <summary>Gets how many threads the processor runs at once.</summary>
    public int ProcessorCount { get; } = Environment.ProcessorCount;

    /// <summary>Gets how many threads libtorch takes for one operation.</summary>
    public int TorchThreads { get; } = torch.get_num_threads();

    /// <summary>Gets the abilities of the processor that kernels ask for, by their usual names.</summary>
    public IReadOnlyList<string> ProcessorFeatures { get; } = [.. FindFeatures()];

    /// <summary>Gets what <see cref="Precision.Automatic"/> means on the processor.</summary>
    public Precision ProcessorPrecision { get; } = OnProcessor == ScalarType.BFloat16
        ? Precision.BFloat16
        : Precision.Float32;

    /// <summary>Gets what computes experts on the processor in <see cref="ProcessorPrecision"/>.</summary>
    public string ExpertKernel { get; } = ExpertBackends.NameOnProcessor(OnProcessor);

    /// <summary>Gets how many GPUs libtorch can use.</summary>
    public int GpuCount { get; } = torch.cuda.is_available() ? torch.cuda.device_count() : 0;

    /// <summary>Gets the settings of the process that this library changed, as name=value.</summary>
    /// <remarks>SIGMAMOE_PROCESS_SETTINGS=off in the environment leaves them alone.</remarks>
    public IReadOnlyList<string> ChangedSettings { get; } = ProcessSettings.Changed;

    private static ScalarType OnProcessor => ComputePrecision.Of(Precision.Automatic, CPU).Type;

    /// <summary>Looks at this process; loads libtorch if nothing has.</summary>
    /// <exception cref="DllNotFoundException">libtorch is missing, or the system is too old for it.</exception>
    public static RuntimeDescription OfThisProcess()
    {
        TorchRuntime.EnsureLoadable();
        return new();
    }

    private static IEnumerable<string> FindFeatures()
    {
        (string Name, bool IsThere)[] features =
        [
            ("AVX2", Avx2.IsSupported),
            ("FMA", Fma.IsSupported),
            ("AVX-512", Avx512BW.IsSupported),
            ("bfloat16", Processor.HasBFloat16),
            ("AMX", Processor.HasMatrixUnits),
        ];
        return features.Where(feature => feature.IsThere).Select(feature => feature.Name);
    }

    // 1.2.3+commit: the commit says nothing to users
    private static string VersionOf(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
            ?? "unknown";
}
