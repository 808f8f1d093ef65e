using System.Runtime.InteropServices;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed partial class ProcessSettingsTests
{
    [Fact]
    public void ShortenSpinning_AtStart_ReachesNativeCode()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "libgomp reads the environment on Linux.");
        Assert.SkipWhen(
            Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is { Length: > 0 }, "The user has chosen.");
        Assert.Equal(
            Environment.GetEnvironmentVariable("GOMP_SPINCOUNT") ?? "20000",
            Marshal.PtrToStringUTF8(GetVariable("GOMP_SPINCOUNT")));
    }

    [LibraryImport("libc", EntryPoint = "getenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetVariable(string name);
}
