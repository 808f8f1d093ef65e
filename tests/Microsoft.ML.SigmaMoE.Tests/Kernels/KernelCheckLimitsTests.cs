using System.Diagnostics;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>A check of the kernels that never ends is ended, and said to be.</summary>
public sealed class KernelCheckLimitsTests
{
    [Theory]
    [InlineData("while :; do :; done", 1, 600, "failed it: no end within 1 seconds of processor time")]
    [InlineData("sleep 600", 600, 1, "failed it: no end within 1 seconds, or killed")]
    [InlineData("sleep 2; echo 5 numbers", 1, 600, "passed it (5 numbers)")]           // waiting, as on a busy machine, is no work
    [InlineData("echo FAIL here; exit 2", 600, 600, "failed it: FAIL here")]
    public void Run_OfAProgram_EndsItWhereItWorksOrWaitsTooLong(string script, int work, int clock, string expected)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The emulator is for Linux on x86-64.");
        var start = new ProcessStartInfo(
            "bash", [Path.Combine(KernelChecks.Folder, "check"), "--run", "it", "bash", "-c", script])
        {
            RedirectStandardOutput = true,
        };
        (start.Environment["CHECK_WORK_SECONDS"], start.Environment["CHECK_CLOCK_SECONDS"]) = ($"{work}", $"{clock}");
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd().Trim();
        Assert.SkipWhen(output.StartsWith("skipped:", StringComparison.Ordinal), output);
        Assert.Equal(expected, output);
    }
}
