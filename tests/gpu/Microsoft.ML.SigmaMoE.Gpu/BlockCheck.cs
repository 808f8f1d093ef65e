namespace Microsoft.ML.SigmaMoE.Gpu;

/// <summary>
/// The kernels beside the sorted layer: decoding, routing, gathered sums and AdamW, against sums in float64.
/// </summary>
internal sealed class BlockCheck(DeviceKernels kernels, TextWriter output)
{
    private const double Tolerance = 5e-6;

    /// <summary>Runs all checks.</summary>
    /// <returns>How many failed.</returns>
    public int Run()
    {
        var problem = new LayerProblem(new(5, 413, 7, 37, 3, TileNumbers.Float32), bias: true);
        return Report("decoding", Decode(problem)) + Report("routing", Route(problem))
            + Report("gathered sums", new GatherCheck(kernels, problem).Fault()) + Report("AdamW", AdamW());
    }

    private string? Decode(LayerProblem problem)
    {
        using var memory = new DeviceMemory(kernels.Device);
        var s = problem.Sizes;
        var inputs = new ExpertAddresses(
            memory.Upload(problem.Tokens), memory.Upload(problem.Gates), memory.Upload(problem.Up),
            memory.Upload(problem.Down),
            memory.Upload(problem.Bias!));
        var y = memory.Allocate(problem.Tokens.Length * sizeof(float));
        var hidden = memory.Allocate(s.Slots * s.ExpertSize * sizeof(float));
        CudaDecoding.Launch(kernels, s, inputs, memory.Upload(problem.Choices), Activation.Relu, hidden, y);
        return Closeness.Fault(
            "y", new LayerReference(problem).Output, memory.Download<float>(y, problem.Tokens.Length), Tolerance);
    }

    // σ of the tokens' first numbers as logits; the K largest, in order
    private string? Route(LayerProblem problem)
    {
        using var memory = new DeviceMemory(kernels.Device);
        var s = problem.Sizes;
        var logits = Enumerable.Range(0, s.Tokens * s.Experts).Select(i => problem.Tokens[i]).ToArray();
        var weights = memory.Allocate(s.Slots * sizeof(float));
        kernels["routing", "route_sigmoid"].Launch(
            s.CountingBlocks, CountedChoices.Threads, CountedChoices.SharedBytes(s.Active),
            memory.Upload(logits), (nint)0, (nint)0, 0f, s.Tokens, s.Experts, s.Active,
            memory.Allocate(s.Slots * sizeof(long)),
            memory.Allocate(s.Slots * sizeof(int)), weights,
            memory.Allocate((long)s.CountingBlocks * s.Experts * sizeof(int)));
        var wanted = logits.Chunk(s.Experts)
            .SelectMany(row => row.OrderDescending().Take(s.Active))
            .Select(logit => 1 / (1 + Math.Exp(-logit)))
            .ToArray();
        return Closeness.Fault("weights", wanted, memory.Download<float>(weights, s.Slots), Tolerance);
    }

    private string? AdamW()
    {
        const int count = 70_000;                                            // more than one chunk
        using var memory = new DeviceMemory(kernels.Device);
        float[] Numbers(double phase) => [.. Enumerable.Range(0, count).Select(i => (float)Math.Sin(i + phase))];
        var (p, m, g) = (Numbers(0), Numbers(1), Numbers(2));
        var v = m.Select(Math.Abs).ToArray();
        var (parameter, mean) = (memory.Upload(p), memory.Upload(m));
        var c = new AdamWCoefficients(0.5f, 0.99f, 0.1f, 0.999f, 0.001f, 0.01f, 1.5f, 1e-8f);
        var tensor = new CudaAdamW.TensorEntry(parameter, mean, memory.Upload(v), memory.Upload(g), count, c);
        var chunks = CudaAdamW.Chunks(0, count).ToArray();
        kernels["adamw", "adamw"].Launch(
            chunks.Length, 256, 0, memory.Upload<CudaAdamW.TensorEntry>([tensor]), memory.Upload(chunks));

        var (wanted, means) = (new double[count], new double[count]);
        for (var i = 0; i < count; i++)
        {
            var scaled = (double)c.GradientScale * g[i];
            means[i] = m[i] + ((scaled - m[i]) * c.OneMinusBeta1);
            var square = (v[i] * (double)c.Beta2) + (scaled * scaled * c.OneMinusBeta2);
            wanted[i] = (p[i] * (double)c.Decay)
                - (means[i] * c.StepSize / ((Math.Sqrt(square) * c.RootScale) + c.Epsilon));
        }

        return Closeness.Fault("parameter", wanted, memory.Download<float>(parameter, count), Tolerance)
            ?? Closeness.Fault("mean", means, memory.Download<float>(mean, count), Tolerance);
    }

    private int Report(string name, string? fault)
    {
        output.WriteLine(fault is null ? $"passed {name}" : $"FAILED {name}: {fault}");
        return fault is null ? 0 : 1;
    }
}
