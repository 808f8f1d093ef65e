namespace Microsoft.ML.SigmaMoE.Gpu;

/// <summary>
/// The kernels through the driver alone, against sums in float64, over ugly sizes; each twice, to the same bits.
/// </summary>
internal sealed class KernelCheck(DeviceKernels kernels, TextWriter output)
{
    // (tokens, d_model, experts, expert size, active, all to the first, bias)
    private static readonly (int N, int D, int E, int G, int K, bool First, bool Bias)[] Cases =
    [
        (1, 8, 4, 3, 2, false, false), (1, 1, 1, 1, 1, false, true), (7, 5, 3, 1, 3, false, true),
        (33, 13, 5, 7, 1, true, true),
        (100, 32, 8, 16, 4, false, false), (129, 36, 16, 20, 2, true, false), (300, 70, 6, 33, 6, false, true),
        (70, 412, 3, 128, 2, false, false), (517, 64, 32, 32, 4, false, false), (40, 24, 2, 300, 2, false, true),
    ];

    /// <summary>Gets how far results may be off where hidden vectors are rounded to these numbers.</summary>
    public static IReadOnlyList<(TileNumbers Numbers, double Tolerance)> Tolerances { get; } =
        [(TileNumbers.Float32, 5e-6), (TileNumbers.TensorFloat32, 1e-3), (TileNumbers.FlatFloat16, 2e-3),
            (TileNumbers.Float16, 2e-3), (TileNumbers.BFloat16, 1e-2)];

    /// <summary>Runs all cases.</summary>
    /// <returns>How many failed.</returns>
    public int Run()
    {
        var failures = 0;
        foreach (var (n, d, e, g, k, first, bias) in Cases)
        {
            foreach (var (numbers, tolerance) in Tolerances.Where(pair => kernels.Device.Capability >= pair.Numbers.Capability))
            {
                var problem = new LayerProblem(new(n, d, e, g, k, numbers), first, bias);
                var name = $"N {n}, D {d}, E {e}, G {g}, K {k}, {numbers}";
                var fault = Compare(problem, tolerance) ?? Repeat(problem);
                failures += fault is null ? 0 : 1;
                output.WriteLine(
                    $"{(fault is null ? "passed" : "FAILED")} {name}{(fault is null ? "" : $": {fault}")}");
            }
        }

        return failures;
    }

    /// <summary>Compares everything that a layer computes.</summary>
    /// <returns>What is wrong, or null.</returns>
    public string? Compare(LayerProblem problem, double tolerance)
    {
        using var memory = new DeviceMemory(kernels.Device);
        using var run = new LayerRun(kernels, problem);
        run.Launch(backward: true, memory);
        kernels.Device.Synchronize();
        var wanted = new LayerReference(problem);
        return Closeness.Fault("y", wanted.Output, run.Output, tolerance)
            ?? Closeness.Fault("gradient by x", wanted.ByTokens, run.ByTokens, tolerance)
            ?? Closeness.Fault("gradient by gates", wanted.ByGates, run.ByGates, tolerance)
            ?? Closeness.Fault("gradient by up", wanted.ByUp, run.ByUp, tolerance)
            ?? Closeness.Fault("gradient by down", wanted.ByDown, run.ByDown, tolerance)
            ?? (problem.Bias is null ? null : Closeness.Fault("gradient by bias", wanted.ByBias, run.ByBias, tolerance));
    }

    private string? Repeat(LayerProblem problem)
    {
        var results = new List<float[]>[2];
        for (var i = 0; i < 2; i++)
        {
            using var memory = new DeviceMemory(kernels.Device);
            using var run = new LayerRun(kernels, problem);
            run.Launch(backward: true, memory);
            results[i] = [run.Output, run.ByTokens, run.ByGates, run.ByUp, run.ByDown, run.ByBias];
        }

        return results[0].Zip(results[1]).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second))
            ? null
            : "two runs differ";
    }
}
