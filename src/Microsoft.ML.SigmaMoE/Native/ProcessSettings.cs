using System.Runtime.InteropServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Settings of the whole process that make libtorch faster beside .NET on Linux. All of them are left alone when the
/// AppContext switch Microsoft.ML.SigmaMoE.ProcessSettings is false or the environment says
/// SIGMAMOE_PROCESS_SETTINGS=off, and each where the user has set it.
/// </summary>
internal static partial class ProcessSettings
{
    private const int TrimThreshold = -1;  // M_TRIM_THRESHOLD
    private const int TopPad = -2;         // M_TOP_PAD
    private const int MapThreshold = -3;   // M_MMAP_THRESHOLD

    // pauses of the processor, of 40 to 140 cycles each
    private const string Spins = "20000";

    private static readonly Lock Gate = new();
    private static readonly List<string> ChangedSettings = [];
    private static bool _allocatorKept;

    /// <summary>Gets whether this library may change anything.</summary>
    public static bool AreAllowed { get; } = OperatingSystem.IsLinux()
        && !(AppContext.TryGetSwitch("Microsoft.ML.SigmaMoE.ProcessSettings", out var allowed) && !allowed)
        && Environment.GetEnvironmentVariable("SIGMAMOE_PROCESS_SETTINGS") != "off";

    /// <summary>Gets what was changed so far, as name=value.</summary>
    public static IReadOnlyList<string> Changed
    {
        get
        {
            lock (Gate)
            {
                return [.. ChangedSettings];
            }
        }
    }

    /// <summary>Reports a setting that another part of the library changed, or put back.</summary>
    public static void Report(string setting, bool isChanged)
    {
        lock (Gate)
        {
            ChangedSettings.Remove(setting);
            if (isChanged)
            {
                ChangedSettings.Add(setting);
            }
        }
    }

    /// <summary>
    /// Lets libtorch's worker threads sleep within a millisecond of an operation. By default they spin for several,
    /// which takes the cores from .NET's threads, and from other processes; with much less they have to be woken for
    /// every operation of a small model. Read once, when libtorch is loaded.
    /// </summary>
    public static void ShortenSpinning()
    {
        string[] chosen = ["GOMP_SPINCOUNT", "OMP_WAIT_POLICY"];
        if (AreAllowed && chosen.All(name => string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name))))
        {
            // .NET keeps a copy of the environment: its own setter does not reach native code
            Try($"GOMP_SPINCOUNT={Spins}", () => SetVariable("GOMP_SPINCOUNT", Spins, overwrite: 0) == 0);
        }
    }

    /// <summary>
    /// Keeps freed memory in the process. By default glibc gives every large block back at once, and taking it again
    /// costs more than the arithmetic on it: a relu over 32 MB took 11 ms instead of 1 on two cores.
    /// </summary>
    public static void KeepFreedMemory()
    {
        lock (Gate)
        {
            string[] chosen = ["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES", "LD_PRELOAD"];
            if (!_allocatorKept && AreAllowed && chosen.All(name => Environment.GetEnvironmentVariable(name) is null))
            {
                Try("M_MMAP_THRESHOLD=1 GiB", () => SetAllocator(MapThreshold, 1 << 30) != 0);
                Try("M_TRIM_THRESHOLD=2 GiB", () => SetAllocator(TrimThreshold, int.MaxValue) != 0);
                Try("M_TOP_PAD=64 MiB", () => SetAllocator(TopPad, 64 << 20) != 0);
            }

            _allocatorKept = true;
        }
    }

    // A C library without the function is one that needs no such setting.
    private static void Try(string name, Func<bool> setting)
    {
        try
        {
            if (setting())
            {
                lock (Gate)
                {
                    ChangedSettings.Add(name);
                }
            }
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
