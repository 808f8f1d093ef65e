using System.Runtime.InteropServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What TorchSharp and libtorch need of application and system, as messages where it is not there.</summary>
internal static partial class TorchRequirements
{
    // the newest symbol version that TorchSharp 0.107.0's native library uses
    private static readonly Version LeastGlibc = new(2, 34);

    // the newest symbol of the C++ runtime that it cannot do without, from GLIBCXX_3.4.29 of GCC 11
    private const string NewestCxxSymbol = "_ZSt28__throw_bad_array_new_lengthv";
    private const string CxxRuntime = "libstdc++.so.6";

    /// <summary>Says which package to add.</summary>
    public static string MissingPackage()
    {
        var package = OperatingSystem.IsWindows() ? "libtorch-cpu-win-x64"
            : OperatingSystem.IsMacOS() ? "libtorch-cpu-osx-arm64"
            : "libtorch-cpu-linux-x64";
        return $"libtorch was not found beside this application. Add the package {package} 2.10.0 to it "
            + $"(dotnet add package {package} --version 2.10.0), or TorchSharp-cuda-linux 0.107.0 for an NVIDIA GPU.";
    }

    /// <summary>Says what the system lacks.</summary>
    /// <returns>The message, or null where nothing is known to be missing.</returns>
    public static string? SystemFault() =>
        OperatingSystem.IsLinux() ? GlibcFault(GlibcVersion()) ?? CxxRuntimeFault(CxxRuntime, NewestCxxSymbol) : null;

    /// <summary>Says what is wrong with a version of glibc; null stands for another C library.</summary>
    public static string? GlibcFault(string? version)
    {
        var isKnown = Version.TryParse(version, out var found);
        if (version is not null && (!isKnown || found >= LeastGlibc))
        {
            return null;
        }

        var present = version is null ? "another C library (Alpine has musl)" : $"glibc {version}";
        return $"TorchSharp 0.107.0 needs glibc {LeastGlibc} or newer, but this system has {present}. "
            + "Debian 12, Ubuntu 22.04, RHEL 9 and whatever is newer have it.";
    }

    /// <summary>Says what is wrong with a C++ runtime, which is loaded for the look.</summary>
    public static string? CxxRuntimeFault(string library, string newestSymbol)
    {
        if (!NativeLibrary.TryLoad(library, out var runtime))
        {
            return $"TorchSharp 0.107.0 needs the C++ runtime {library}, which this system lacks. Its package is called "
                + "libstdc++6 on Debian and Ubuntu, libstdc++ on RHEL and Fedora.";
        }

        return NativeLibrary.TryGetExport(runtime, newestSymbol, out _) ? null
            : $"TorchSharp 0.107.0 needs the C++ runtime of GCC 11 or newer (GLIBCXX_3.4.29), but this process uses an older {library}. "
                + "Debian 12, Ubuntu 22.04 and RHEL 9 have it: does LD_LIBRARY_PATH name a folder with another?";
    }

    private static string? GlibcVersion()
    {
        try
        {
            return Marshal.PtrToStringUTF8(GetGlibcVersion());
        }
        catch (Exception fault) when (fault is EntryPointNotFoundException or DllNotFoundException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "gnu_get_libc_version")]
    private static partial nint GetGlibcVersion();
}
