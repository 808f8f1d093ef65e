using System.Runtime.InteropServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What TorchSharp and libtorch need of application and system, as messages where it is not there.</summary>
internal static partial class TorchRequirements
{
    // the newest symbol version that TorchSharp 0.107.0's native library uses
    private static readonly Version LeastGlibc = new(2, 34);

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
    public static string? SystemFault() => OperatingSystem.IsLinux() ? GlibcFault(GlibcVersion()) : null;

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
