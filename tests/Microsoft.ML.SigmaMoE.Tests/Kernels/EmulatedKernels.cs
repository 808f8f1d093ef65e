using System.Diagnostics;
using Microsoft.ML.SigmaMoE.Gpu;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>The kernels on the processor behind the driver's interface, where g++ can build them.</summary>
internal static class EmulatedKernels
{
    private static readonly Lazy<(string Library, string Reason)> Built = new(Build);

    /// <summary>Gets why there are none, or "".</summary>
    public static string SkipReason => Built.Value.Reason;

    /// <summary>Opens a driver over them.</summary>
    public static EmulatedDriver Driver() => new(Built.Value.Library);

    /// <summary>Gets the kernels on a device of that driver.</summary>
    public static DeviceKernels On(ICudaDriver driver) => new(CudaDevice.Open(driver, 0), new(null, new([])));

    private static (string Library, string Reason) Build()
    {
        if (!OperatingSystem.IsLinux())
        {
            return ("", "The emulator is for Linux on x86-64.");
        }

        var start = new ProcessStartInfo("bash", [Path.Combine(KernelChecks.Folder, "build-library")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var library = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return process.ExitCode switch
        {
            0 => (library, ""),
            77 => ("", errors.Result.Trim()),
            _ => throw new InvalidOperationException($"build-library failed: {errors.Result}"),
        };
    }
}
