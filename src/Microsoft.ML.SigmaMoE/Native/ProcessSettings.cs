using System.Runtime.InteropServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Settings of the whole process that make libtorch faster beside .NET on Linux. All of them are left alone when the
/// AppContext switch Microsoft.ML.SigmaMoE.ProcessSettings is false or the environment says SIGMAMOE_PROCESS_SETTINGS=off,
/// and each where the user has set it.
/// </summary>
internal static partial class ProcessSettings
{
    private const int TrimThreshold = -1;  // M_TRIM_THRESHOLD
    private const int TopPad = -2;         // M_TOP_PAD
    private const int MapThreshold = -3;   // M_MMAP_THRESHOLD
    private static readonly Lock Gate = new();
    private static bool _allocatorKept;

    /// <summary>Gets whether this library may change anything.</summary>
    public static bool AreAllowed { get; } = OperatingSystem.IsLinux()
        && !(AppContext.TryGetSwitch("Microsoft.ML.SigmaMoE.ProcessSettings", out var allowed) && !allowed)
        && Environment.GetEnvironmentVariable("SIGMAMOE_PROCESS_SETTINGS") != "off";

    /// <summary>
    /// Lets libtorch's worker threads sleep soon after an operation. By default they spin for milliseconds, which takes the
    /// cores from .NET's threads, and from other processes. Read once, when libtorch is loaded.
    /// </summary>
    public static void ShortenSpinning()
    {
        string[] chosen = ["GOMP_SPINCOUNT", "OMP_WAIT_POLICY"];
        if (AreAllowed && chosen.All(name => string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name))))
        {
            // .NET keeps a copy of the environment: its own setter does not reach native code
            Try(() => SetVariable("GOMP_SPINCOUNT", "1000", overwrite: 0));
        }
    }

    /// <summary>
    /// Keeps freed memory in the process. By default glibc gives every large block back at once, and taking it again costs
    /// more than the arithmetic on it: a relu over 32 MB took 11 ms instead of 1 on two cores.
    /// </summary>
    public static void KeepFreedMemory()
    {
        lock (Gate)
        {
            string[] chosen = ["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES", "LD_PRELOAD"];
            if (!_allocatorKept && AreAllowed && chosen.All(name => Environment.GetEnvironmentVariable(name) is null))
            {
                Try(() => SetAllocator(MapThreshold, 1 << 30));
                Try(() => SetAllocator(TrimThreshold, int.MaxValue));
                Try(() => SetAllocator(TopPad, 64 << 20));
            }

            _allocatorKept = true;
        }
    }

    // A C library without the function is one that needs no such setting.
    private static void Try(Func<int> setting)
    {
        try
        {
            _ = setting();
        }
        catch (Exception fault) when (fault is EntryPointNotFoundException or DllNotFoundException)
        {
            System.Diagnostics.Debug.WriteLine(fault.Message);
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetAllocator(int parameter, int value);
}
