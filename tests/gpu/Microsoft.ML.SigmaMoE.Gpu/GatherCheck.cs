namespace Microsoft.ML.SigmaMoE.Gpu;

/// <summary>
/// The kernels of gather.cu against sums in float64, their values in float32, bfloat16 and float16. A problem's experts
/// stand for values here: V = E rows of D numbers.
/// </summary>
internal sealed class GatherCheck(DeviceKernels kernels, LayerProblem problem)
{
    private const double Tolerance = 5e-6;
    private readonly ExpertSizes _sizes = problem.Sizes;

    /// <summary>Runs all three in every number type.</summary>
    /// <returns>What is wrong, or null.</returns>
    public string? Fault()
    {
        var values = problem.Up[..(_sizes.Experts * _sizes.ModelSize)];
        var rounded = new ushort[values.Length];
        BFloat16Rounding.Round(values, rounded);
        Half[] halves = [.. values.Select(value => (Half)value)];
        return Fault("float", values, values)
            ?? Fault("bf16", rounded, [.. rounded.Select(BFloat16Rounding.Widen)])
            ?? Fault("f16", halves, [.. halves.Select(value => (float)value)]);
    }

    private string? Fault<T>(string numbers, T[] values, float[] wide)
        where T : unmanaged
    {
        using var memory = new DeviceMemory(kernels.Device);
        var (y, byWeights) =
            (memory.Allocate(problem.Tokens.Length * sizeof(float)), memory.Allocate(_sizes.Slots * sizeof(float)));
        var byValues = memory.Allocate(wide.Length * sizeof(float));
        var (chosen, weights, table) =
            (memory.Upload(problem.Choices), memory.Upload(problem.Gates), memory.Upload(values));
        var arriving = memory.Upload(problem.Gradient);
        var across = (_sizes.ModelSize + 511L) / 512;
        kernels["gather", $"gather_sum_{numbers}"].Launch(
            _sizes.Tokens * across, 128, 0, chosen, weights, table, y, _sizes.Active, _sizes.ModelSize);
        kernels["gather", $"gather_dots_{numbers}"].Launch(
            (_sizes.Slots + 7) / 8, 256, 0, chosen, table, arriving, byWeights, _sizes.Slots, _sizes.Active,
            _sizes.ModelSize);
        var (order, offsets) = Sorted();
        kernels["gather", "scatter_sum"].Launch(
            _sizes.Experts * across, 128, 0, memory.Upload(order), memory.Upload(offsets), weights, arriving, byValues,
            _sizes.Active,
            _sizes.ModelSize);

        var wanted = Sums(wide);
        return Closeness.Fault("y", wanted.Y, memory.Download<float>(y, problem.Tokens.Length), Tolerance)
            ?? Closeness.Fault(
                "gradient by weights", wanted.ByWeights, memory.Download<float>(byWeights, _sizes.Slots), Tolerance)
            ?? Closeness.Fault(
                "gradient by values", wanted.ByValues, memory.Download<float>(byValues, wide.Length), Tolerance);
    }

    private (long[] Order, long[] Offsets) Sorted()
    {
        long[] order = [.. Enumerable.Range(0, (int)_sizes.Slots).OrderBy(slot => problem.Choices[slot]).Select(slot => (long)slot)];
        return (order, [.. Enumerable.Range(0, _sizes.Experts + 1).Select(value => problem.Choices.LongCount(chosen => chosen < value))]);
    }

    private (double[] Y, double[] ByWeights, double[] ByValues) Sums(float[] values)
    {
        var (y, byWeights, byValues) =
            (new double[problem.Tokens.Length], new double[_sizes.Slots], new double[values.Length]);
        for (var i = 0L; i < _sizes.Slots * _sizes.ModelSize; i++)
        {
            var (slot, d) = (i / _sizes.ModelSize, i % _sizes.ModelSize);
            var (n, v) =
                ((slot / _sizes.Active * _sizes.ModelSize) + d, (problem.Choices[slot] * _sizes.ModelSize) + d);
            y[n] += (double)problem.Gates[slot] * values[v];
            byWeights[slot] += (double)problem.Gradient[n] * values[v];
            byValues[v] += (double)problem.Gates[slot] * problem.Gradient[n];
        }

        return (y, byWeights, byValues);
    }
}
