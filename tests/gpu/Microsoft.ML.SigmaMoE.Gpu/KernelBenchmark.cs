using System.Globalization;

namespace Microsoft.ML.SigmaMoE.Gpu;

/// <summary>
/// Times the layer at the paper's shapes, with a new routing each repetition, beside what libtorch does where there is
/// one. A shape whose numbers are wrong has no time.
/// </summary>
internal sealed class KernelBenchmark(DeviceKernels kernels, TorchBaselines? baselines, TextWriter output)
{
    /// <summary>The result where this device multiplies in no number type of any shape.</summary>
    public const int NothingToTime = -1;

    private const int Warmups = 3, Repetitions = 15;

    /// <summary>Prints a table.</summary>
    /// <param name="quick">Whether one tiny shape is enough: to see that everything works.</param>
    /// <returns>How many shapes were wrong, or <see cref="NothingToTime"/>.</returns>
    public int Run(bool quick)
    {
        BenchmarkShape[] shapes = [.. (quick ? BenchmarkShape.Tiny : BenchmarkShape.Paper).Where(IsMeasured)];
        if (shapes.Length == 0)
        {
            output.WriteLine($"No shape is timed on compute capability {kernels.Device.Capability}.");
            return NothingToTime;
        }

        output.WriteLine(
            $"memory ceiling: {Number(Bandwidth(quick))} GB/s (a sum over four arrays of {(quick ? 1 : 256)} MiB)");
        output.WriteLine(
            "| shape | forward ms | TFLOP/s | forward + backward ms | TFLOP/s | GB/s at least | device memory MiB | "
            + "launches forward, both |");
        output.WriteLine("|---|---|---|---|---|---|---|---|");
        return shapes.Sum(shape => Measure(shape, quick));
    }

    // libtorch's ways are timed in bfloat16: beside them the others would only take the time once more
    private bool IsMeasured(BenchmarkShape shape) =>
        shape.RunsOn(kernels.Device.Capability) && (baselines is null || shape.Numbers == TileNumbers.BFloat16);

    private int Measure(BenchmarkShape shape, bool quick)
    {
        var problem = new LayerProblem(shape.Sizes);
        using var memory = new DeviceMemory(kernels.Device);
        using var run = new LayerRun(kernels, problem);
        run.Launch(backward: true, memory);
        kernels.Device.Synchronize();
        if (new SampledReference(problem).Fault(run) is { } fault)
        {
            output.WriteLine($"| {shape} | WRONG: {fault} | | | | | | |");
            return 1;
        }

        var (forward, both) =
            (Median(run, problem, backward: false, quick), Median(run, problem, backward: true, quick));
        output.WriteLine(string.Join(
            " | ",
            $"| {shape}",
            Number(forward),
            Number(shape.Operations(backward: false) / forward / 1e9),
            Number(both),
            Number(shape.Operations(backward: true) / both / 1e9),
            Number(shape.Bytes(backward: true) / both / 1e6),
            Number(memory.Bytes / 1048576.0),
            $"{Launches(run, backward: false)}, {Launches(run, backward: true)} |"));
        foreach (var (name, result) in baselines?.Measure(problem) ?? [])
        {
            output.WriteLine($"| … {name}, forward + backward | | | {result} | | | | |");
        }

        return 0;
    }

    // of the experts; a router's kernel adds one each way
    private long Launches(LayerRun run, bool backward)
    {
        using var memory = new DeviceMemory(kernels.Device);
        var before = kernels.Device.Launches;
        run.Launch(backward, memory);
        kernels.Device.Synchronize();
        return kernels.Device.Launches - before;
    }

    private double Median(LayerRun run, LayerProblem problem, bool backward, bool quick)
    {
        using var memory = new DeviceMemory(kernels.Device);
        using var timer = new EventTimer(kernels.Device);
        var reused = new ReusedMemory(memory);
        var times = new List<double>();
        for (var i = 0; i < (quick ? 2 : Warmups + Repetitions); i++)
        {
            problem.Reroute();
            run.Reroute();
            reused.Rewind();
            var time = timer.Time(() => run.Launch(backward, reused));
            if (i >= (quick ? 1 : Warmups))
            {
                times.Add(time);
            }
        }

        return times.Order().ElementAt(times.Count / 2);
    }

    private double Bandwidth(bool quick)
    {
        using var memory = new DeviceMemory(kernels.Device);
        using var timer = new EventTimer(kernels.Device);
        var count = (quick ? 1L : 256L) << 18;
        var (parts, result) = (memory.Allocate(4 * count * sizeof(float)), memory.Allocate(count * sizeof(float)));
        kernels.Device.MakeCurrent();
        var best = Enumerable.Range(0, quick ? 1 : 10).Min(_ => timer.Time(() =>
            kernels["expert_backward.float", "sum_parts"].Launch((count + 255) / 256, 256, 0, parts, result, 4, count)));
        return 5 * count * sizeof(float) / best / 1e6;
    }

    private static string Number(double value) => value.ToString("G4", CultureInfo.InvariantCulture);
}
