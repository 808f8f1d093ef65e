using System.Runtime.InteropServices;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class AnonymousFileTests
{
    public AnonymousFileTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "Anonymous files are Linux's.");

    [Fact]
    public void Load_OfALibrary_RunsFromMemory()
    {
        var library = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "libSystem.IO.Compression.Native.so");
        var handle = AnonymousFile.Load("a-test", File.ReadAllBytes(library));
        Assert.True(NativeLibrary.TryGetExport(handle, "CompressionNative_Crc32", out _));
        Assert.Contains(
            File.ReadLines("/proc/self/maps"), line => line.Contains("memfd:a-test", StringComparison.Ordinal));
        NativeLibrary.Free(handle);
    }

    [Fact]
    public void Load_OfAnotherFile_Throws() =>
        Assert.Throws<DllNotFoundException>(() => AnonymousFile.Load("a-test", [1, 2, 3, 4]));
}
