using System.Runtime.InteropServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Moves memory that is read over and over into pages of 2 MB (Linux 6.1 and later). A model in use reads all its weights for
/// every token: with pages of 4 kB the processor looks up hundreds of them for each matrix, and on a virtual machine each twice.
/// </summary>
internal static unsafe partial class HugePages
{
    private const int Collapse = 25;                        // MADV_COLLAPSE
    private const long PageSize = 2 << 20;
    private const long Least = 1 << 18;

    /// <summary>
    /// Moves some memory if it is large, at once, keeping what it holds. Where the system refuses, it stays where it is.
    /// </summary>
    /// <param name="start">The first byte.</param>
    /// <param name="bytes">How many.</param>
    public static void Use(void* start, long bytes)
    {
        if (bytes < Least || !ProcessSettings.AreAllowed)
        {
            return;
        }

        // What lies around it moves too: weights lie beside other weights.
        var first = (nint)start & (nint)(-PageSize);
        var end = ((nint)start + (nint)(bytes + PageSize - 1)) & (nint)(-PageSize);
        try
        {
            _ = Advise((void*)first, (nuint)(end - first), Collapse);
        }
        catch (Exception fault) when (fault is EntryPointNotFoundException or DllNotFoundException)
        {
            System.Diagnostics.Debug.WriteLine(fault.Message);      // a C library that is not glibc
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* start, nuint bytes, int advice);
}
