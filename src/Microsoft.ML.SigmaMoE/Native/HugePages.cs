using System.Runtime.InteropServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Moves memory that is read over and over into pages of 2 MB (Linux 6.1 and later). A model in use reads all its
/// weights for every token: with pages of 4 kB the processor looks up hundreds of them for each matrix, and on a
/// virtual machine each twice.
/// </summary>
internal static partial class HugePages
{
    private const int Collapse = 25;                        // MADV_COLLAPSE
    private const nint PageSize = 2 << 20;
    private const long Least = 1 << 18;

    /// <summary>
    /// Moves some memory if it is large, keeping what it holds; others may read and write it meanwhile. Where the
    /// system refuses, it stays where it is.
    /// </summary>
    /// <param name="start">The first byte.</param>
    /// <param name="bytes">How many.</param>
    /// <returns>Whether all pages that lie in it whole have moved.</returns>
    public static bool Use(nint start, long bytes)
    {
        if (bytes < Least || !ProcessSettings.AreAllowed)
        {
            return false;
        }

        var (first, end) = (Down(start + PageSize - 1), Down(start + (nint)bytes));
        var hasMoved = first >= end || Move(first, end);
        // Pages that it shares with others move too: beside weights lie other weights. Each by itself, as one may be
        // refused.
        Share(start);
        Share(start + (nint)bytes);
        return hasMoved;
    }

    // moves the page that an address stands in the middle of
    private static void Share(nint address)
    {
        if (Down(address) < address)
        {
            Move(Down(address), Down(address) + PageSize);
        }
    }

    private static nint Down(nint address) => address & -PageSize;

    private static bool Move(nint first, nint end)
    {
        try
        {
            return Advise(first, (nuint)(end - first), Collapse) == 0;
        }
        catch (Exception fault) when (fault is EntryPointNotFoundException or DllNotFoundException)
        {
            return false;                                   // a C library that is not glibc
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint start, nuint bytes, int advice);
}
