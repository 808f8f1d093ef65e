using Microsoft.ML.SigmaMoE.Gpu;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// The program for a machine with a GPU, on the emulator: that it passes, and that it would not if something were
/// wrong.
/// </summary>
public sealed class GpuProgramTests
{
    private static readonly LayerProblem Problem = new(new(40, 13, 4, 9, 2, TileNumbers.BFloat16), bias: true);

    [Fact]
    public void Compare_OfCorrectKernels_FindsNothing()
    {
        Assert.SkipUnless(EmulatedKernels.SkipReason.Length == 0, EmulatedKernels.SkipReason);
        foreach (var (numbers, tolerance) in KernelCheck.Tolerances)
        {
            var problem = new LayerProblem(Problem.Sizes with { Numbers = numbers }, bias: true);
            Assert.Null(new KernelCheck(On(EmulatedKernels.Driver()), TextWriter.Null).Compare(problem, tolerance));
        }
    }

    [Theory]
    [InlineData("expert_up_bf16_16", "y[")]
    [InlineData("expert_hidden_gradient_bf16_16", "gradient by x[")]
    [InlineData("expert_weight_gradient_bf16_16", "gradient by up[")]
    [InlineData("expert_bias_gradient_bf16", "gradient by bias[")]
    public void Compare_WhereAKernelDidNotRun_SaysWhatIsWrong(string skipped, string expected)
    {
        Assert.SkipUnless(EmulatedKernels.SkipReason.Length == 0, EmulatedKernels.SkipReason);
        var driver = EmulatedKernels.Driver();
        driver.Skipped = skipped;
        var fault = new KernelCheck(On(driver), TextWriter.Null).Compare(Problem, 1e-2);
        Assert.StartsWith(expected, fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Blocks_OfCorrectKernels_Pass()
    {
        Assert.SkipUnless(EmulatedKernels.SkipReason.Length == 0, EmulatedKernels.SkipReason);
        Assert.Equal(0, new BlockCheck(On(EmulatedKernels.Driver()), TextWriter.Null).Run());
    }

    [Theory]
    [InlineData("decode_down", "FAILED decoding: y[")]
    [InlineData("route_sigmoid", "FAILED routing: weights[")]
    [InlineData("gather_sum_float", "FAILED gathered sums: y[")]
    [InlineData("gather_sum_bf16", "FAILED gathered sums: y[")]
    [InlineData("gather_sum_f16", "FAILED gathered sums: y[")]
    [InlineData("gather_dots_float", "FAILED gathered sums: gradient by weights[")]
    [InlineData("gather_dots_bf16", "FAILED gathered sums: gradient by weights[")]
    [InlineData("gather_dots_f16", "FAILED gathered sums: gradient by weights[")]
    [InlineData("scatter_sum", "FAILED gathered sums: gradient by values[")]
    [InlineData("adamw", "FAILED AdamW: parameter[")]
    public void Blocks_WhereAKernelDidNotRun_SayWhatIsWrong(string skipped, string expected)
    {
        Assert.SkipUnless(EmulatedKernels.SkipReason.Length == 0, EmulatedKernels.SkipReason);
        var (driver, output) = (EmulatedKernels.Driver(), new StringWriter());
        driver.Skipped = skipped;
        Assert.Equal(1, new BlockCheck(On(driver), output).Run());
        Assert.Contains(expected, output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Benchmark_OfCorrectKernels_PrintsTimes()
    {
        Assert.SkipUnless(EmulatedKernels.SkipReason.Length == 0, EmulatedKernels.SkipReason);
        var output = new StringWriter();
        Assert.Equal(0, new KernelBenchmark(On(EmulatedKernels.Driver()), null, output).Run(quick: true));
        Assert.Equal(["bf16 12, 19", "f16 12, 19", "tf32 9, 15", "float 9, 15"], Lines(output));    // rows of float32 are not converted
    }

    [Theory]
    [InlineData(70, new[] { "float" })]
    [InlineData(75, new[] { "f16_flat", "float" })]
    [InlineData(90, new[] { "bf16", "f16", "tf32", "float" })]
    public void Benchmark_OnADevice_TimesWhatItMultiplies(int capability, string[] expected)
    {
        Assert.SkipUnless(EmulatedKernels.SkipReason.Length == 0, EmulatedKernels.SkipReason);
        var (driver, output) = (EmulatedKernels.Driver(), new StringWriter());
        driver.Capability = capability;
        Assert.Equal(0, new KernelBenchmark(On(driver), null, output).Run(quick: true));
        Assert.Equal(expected, Lines(output).Select(line => line.Split(' ')[0]));
    }

    [Theory]
    [InlineData("expert_weight_gradient_bf16_64")]
    [InlineData("expert_weight_gradient_f16_64")]
    [InlineData("expert_weight_gradient_tf32_64")]
    [InlineData("expert_weight_gradient_float_64")]
    public void Benchmark_OfWrongKernels_PrintsNoTime(string skipped)
    {
        Assert.SkipUnless(EmulatedKernels.SkipReason.Length == 0, EmulatedKernels.SkipReason);
        var (driver, output) = (EmulatedKernels.Driver(), new StringWriter());
        driver.Skipped = skipped;
        Assert.Equal(1, new KernelBenchmark(On(driver), null, output).Run(quick: true));
        Assert.Contains("WRONG: a result is not finite", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Layer_OnTheKernels_IsTheProcessors()
    {
        var (router, wanted) =
            (new SigmoidRouterOptions(), LayerCheck.Results(CPU, new SigmoidRouterOptions(), Precision.Float32));
        using var emulated = new OnEmulatedKernels();
        Assert.Null(LayerCheck.Fault(wanted, LayerCheck.Results(CPU, router, Precision.Float32), 1e-5));
    }

    [Fact]
    public void Driver_WithoutACurrentContext_RefusesAsTheRealOne()
    {
        Assert.SkipUnless(EmulatedKernels.SkipReason.Length == 0, EmulatedKernels.SkipReason);
        using var device = CudaDevice.Open(EmulatedKernels.Driver(), 0);
        var fault = Assert.Throws<CudaException>(() => new DeviceMemory(device).Allocate(16));
        Assert.Equal(("cuMemAlloc", 201), (fault.Call, fault.Code));
    }

    [Fact]
    public void Undefined_OfTorchSharpsLibrary_ListsWhatItTakesFromLibtorch()
    {
        var library = NativeFolders.Find(TorchBridge.FileName)!;
        var symbols = SymbolCheck.Undefined(File.ReadAllBytes(library)).ToList();
        Assert.InRange(symbols.Count, 1200, 3000);
        Assert.Contains(
            symbols, symbol => symbol.Name.StartsWith("_ZN2at4_ops", StringComparison.Ordinal) && symbol.IsFunction);
        Assert.Contains(
            symbols, symbol => symbol.Name.StartsWith("_ZTVN5torch", StringComparison.Ordinal) && !symbol.IsFunction);
    }

    [Theory]
    [InlineData(1.0f, null)]
    [InlineData(1.02f, "x[1] is 1.02, expected 1 within 0.01")]
    [InlineData(float.NaN, "x[1] is NaN, expected 1 within 0.01")]
    public void Fault_OfAnElement_NamesIt(float second, string? expected) =>
        Assert.Equal(expected, Closeness.Fault("x", [0, 1], [0, second], 0.01));

    [Fact]
    public void Operations_OfTheTargetsShape_AreThoseOfTheArithmetic()
    {
        var shape = new BenchmarkShape(512, 32, 128);
        Assert.Equal(4.0 * 32768 * 4 * 512 * 128, shape.Operations(backward: false));
        Assert.Equal(3 * shape.Operations(backward: false), shape.Operations(backward: true));
    }

    // number type and launches of the table's rows
    private static IEnumerable<string> Lines(StringWriter output) =>
        from line in output.ToString().Split('\n')
        where line.StartsWith("| d_model", StringComparison.Ordinal)
        let cells = line.Split('|', StringSplitOptions.TrimEntries)
        select $"{cells[1].Split(' ')[^1]} {cells[^2]}";

    private static DeviceKernels On(EmulatedDriver driver)
    {
        var kernels = EmulatedKernels.On(driver);
        kernels.Device.MakeCurrent();
        return kernels;
    }
}
