using System.Diagnostics;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>The compiler of CUDA C++ out of Debian's packages, where it can be had: kernels/fetch-nvrtc.</summary>
public sealed class NvrtcPackage
{
    private readonly Lazy<(Nvrtc? Compiler, string Reason)> _found = new(Find);

    /// <summary>Gets why there is none, or "".</summary>
    public string SkipReason => _found.Value.Reason;

    internal Nvrtc Compiler => _found.Value.Compiler!;

    private static (Nvrtc? Compiler, string Reason) Find()
    {
        if (!OperatingSystem.IsLinux())
        {
            return (null, "kernels/fetch-nvrtc is for Debian.");
        }

        var start = new ProcessStartInfo("timeout", ["120", Path.Combine(Repository.Root, "kernels", "fetch-nvrtc")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var library = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return process.ExitCode != 0
            ? (null, $"kernels/fetch-nvrtc found no compiler: {errors.Result.Trim()}")
            : (Nvrtc.TryLoad(Path.GetDirectoryName(library)), "");
    }
}
