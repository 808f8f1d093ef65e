using System.Text;
using System.Text.RegularExpressions;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Every kernel compiled as for a GPU, on a machine without one.</summary>
public sealed partial class KernelCompilationTests(NvrtcPackage package) : IClassFixture<NvrtcPackage>
{
    // two blocks of 256 threads share 65,536 registers; blocks of 512 and 1,024 threads have fewer each
    private static readonly Dictionary<string, int> Registers = new()
    {
        ["scan_counts"] = 64,
        ["list_tiles"] = 64,
    };

    /// <summary>Gets every part with every architecture that it runs on: f16_flat's have another from 8.0 on.</summary>
    public static TheoryData<string, int> Parts
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var (source, least) in KernelParts.All)
            {
                var end = source.Name.EndsWith("f16_flat", StringComparison.Ordinal) ? 80 : int.MaxValue;
                foreach (var capability in new[] { 70, 75, 80, 86, 89, 90 }.Where(capability => capability >= least && capability < end))
                {
                    data.Add(source.Name, capability);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Parts))]
    public void Kernels_CompiledForADevice_FitItsRegistersWithoutSpilling(string part, int capability)
    {
        Assert.SkipUnless(package.SkipReason.Length == 0, package.SkipReason);
        var log = package.Compiler.Compile(Source(part), $"sm_{capability}").Log;
        var kernels = KernelReport().Matches(log);
        Assert.NotEmpty(kernels);
        foreach (Match kernel in kernels)
        {
            var (name, spilled, registers) =
                (kernel.Groups[1].Value, kernel.Groups[2].Value, int.Parse(kernel.Groups[3].Value, null));
            Assert.True(spilled == "0", $"{name} keeps {spilled} bytes of registers in memory.");
            Assert.True(registers <= Registers.GetValueOrDefault(name, 128), $"{name} uses {registers} registers.");
        }

        Assert.DoesNotContain("warning", log, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void PackedPtx_IsWhatTheCompilerMakes()
    {
        Assert.SkipUnless(package.SkipReason.Length == 0, package.SkipReason);
        foreach (var (source, least) in KernelParts.All)
        {
            var ptx = Encoding.UTF8.GetString(package.Compiler.Compile(source, $"compute_{least}").Image).TrimEnd('\0');
            var file = Path.Combine(Repository.Root, "kernels", "ptx", $"{source.Name}.ptx.gz");
            if (Environment.GetEnvironmentVariable("SIGMAMOE_WRITE_PTX") == "1")
            {
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                File.WriteAllBytes(file, PackedPtx.Pack(source, ptx));
            }

            using var packed = File.OpenRead(file);
            var text = PackedPtx.Unpack(packed);
            Assert.True(
                text[(text.IndexOf('\n', StringComparison.Ordinal) + 1)..] == ptx,
                $"{file} is stale: run this test with SIGMAMOE_WRITE_PTX=1.");
        }
    }

    [Fact]
    public void Compile_OfAFaultySource_ShowsTheCompilersLog()
    {
        Assert.SkipUnless(package.SkipReason.Length == 0, package.SkipReason);
        var faulty = new KernelSource("faulty", "extern \"C\" __global__ void k() { nothing(); }", [], []);
        var fault = Assert.Throws<CudaException>(() => package.Compiler.Compile(faulty, "sm_80"));
        Assert.Equal("faulty (sm_80)", fault.Kernel);
        Assert.Contains("\"nothing\" is undefined", fault.Log, StringComparison.Ordinal);
    }

    private static KernelSource Source(string part) =>
        KernelParts.All.Single(program => program.Source.Name == part).Source;

    [GeneratedRegex(@"Compiling entry function '(\w+)'[\s\S]*?(\d+) bytes spill stores[\s\S]*?Used (\d+) registers")]
    private static partial Regex KernelReport();
}
