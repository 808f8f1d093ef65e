namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Rotary attention number by number in float64, written to be obviously right.</summary>
internal sealed class DumbRotaryAttention(RotaryAttentionOptions options, int heads, int size)
{
    public required double[,] Weight { get; init; }         // [heads · 3 · head, d_model]

    public required double[] Bias { get; init; }

    public required double[,] Merge { get; init; }          // [d_model, heads · head]

    public required double[] MergeBias { get; init; }

    /// <summary>
    /// Computes the outputs of the last <paramref name="time"/> rows of <paramref name="context"/>, [places, d_model].
    /// </summary>
    public double[][] Run(double[][] context, int time)
    {
        var outputs = new List<double[]>();
        for (var query = context.Length - time; query < context.Length; query++)
        {
            var attended = new List<double>();
            for (var head = 0; head < heads; head++)
            {
                attended.AddRange(Attend(context, query, head));
            }

            outputs.Add([.. MergeBias.Select((bias, row) => bias + attended.Select((value, column) => value * Merge[row, column]).Sum())]);
        }

        return [.. outputs];
    }

    private double[] Attend(double[][] context, int query, int head)
    {
        var q = Turned(context, query, head, part: 0);
        var logits = Enumerable.Range(0, query + 1)
            .Select(key => q.Zip(Turned(context, key, head, part: 1), (a, b) => a * b).Sum() / Math.Sqrt(size))
            .ToArray();
        var weights = logits.Select(logit => Math.Exp(logit - logits.Max())).ToArray();
        var result = new double[size];
        for (var key = 0; key <= query; key++)
        {
            var value = Project(context[key], head, part: 2);
            for (var i = 0; i < size; i++)
            {
                result[i] += weights[key] / weights.Sum() * value[i];
            }
        }

        return result;
    }

    private double[] Turned(double[][] context, int place, int head, int part)
    {
        var x = Project(context[place], head, part);
        if (options.NormalizeQueriesAndKeys)
        {
            var mean = x.Average();
            var deviation = Math.Sqrt(x.Average(value => (value - mean) * (value - mean)) + 1e-5);
            x = [.. x.Select(value => (value - mean) / deviation)];
        }

        var rotated = (int)(options.RotatedShare * size);
        var turned = (double[])x.Clone();
        for (var i = 0; i < rotated / 2; i++)
        {
            var angle = place * Math.Pow(options.Theta, -2.0 * i / rotated);
            var (a, b) = (x[i], x[i + rotated / 2]);
            turned[i] = a * Math.Cos(angle) - b * Math.Sin(angle);
            turned[i + rotated / 2] = b * Math.Cos(angle) + a * Math.Sin(angle);
        }

        return turned;
    }

    private double[] Project(double[] x, int head, int part) => [.. Enumerable.Range((head * 3 + part) * size, size)
        .Select(row => Bias[row] + x.Select((value, column) => value * Weight[row, column]).Sum())];
}
