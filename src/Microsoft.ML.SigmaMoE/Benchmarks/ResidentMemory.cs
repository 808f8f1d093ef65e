using System.Globalization;
using System.Runtime.InteropServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>How much memory work takes, as Linux counts it.</summary>
internal static partial class ResidentMemory
{
    /// <summary>
    /// Gets by how many bytes the work raised the process's resident memory at its peak, or null elsewhere than on
    /// Linux.
    /// </summary>
    public static long? PeakOf(Action work)
    {
        try
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            _ = Trim(0);
            File.WriteAllText("/proc/self/clear_refs", "5");   // forgets the peak so far
            var before = Read("VmRSS:");
            work();
            return Math.Max(0, Read("VmHWM:") - before);
        }
        catch (Exception fault) when (
            fault is IOException or UnauthorizedAccessException or EntryPointNotFoundException or DllNotFoundException)
        {
            return null;
        }
    }

    private static long Read(string name)
    {
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return 1024
            * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint pad);
}
