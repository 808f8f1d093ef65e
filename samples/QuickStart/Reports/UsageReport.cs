using Microsoft.ML.SigmaMoE;

namespace QuickStart;

/// <summary>How often the test text went to each expert.</summary>
internal static class UsageReport
{
    private const string Levels = "▁▂▃▄▅▆▇█";

    public static void Print(TrainedModel model, Screen screen)
    {
        var experts = (MixtureOfExpertsOptions)model.Model.Options.FeedForward;
        var layers = Shares(model.Rows).Chunk(experts.ExpertCount).ToArray();
        screen.Section($"Where {model.Name} sends the test text: each expert's share of a layer");
        screen.Table(
            ["", "experts", "most used", "least used", "evenness"],
            layers.Select((shares, layer) => Row(layer, shares)));
    }

    /// <summary>The mean of the rows' shares; a long row counts for more.</summary>
    internal static double[] Shares(IReadOnlyList<ScoredText> rows)
    {
        var sums = new double[rows.Max(row => row.ExpertUsage.Length)];
        foreach (var row in rows)
        {
            for (var i = 0; i < row.ExpertUsage.Length; i++)
            {
                sums[i] += row.ExpertUsage[i] * (double)row.TokenCount;
            }
        }

        var tokens = rows.Sum(row => (double)row.TokenCount);
        return [.. sums.Select(sum => sum / tokens)];
    }

    /// <summary>The entropy of the shares, divided by its largest value: 1 when all experts are used alike.</summary>
    internal static double Evenness(double[] shares) =>
        -shares.Where(share => share > 0).Sum(share => share * Math.Log(share)) / Math.Log(shares.Length);

    private static string[] Row(int layer, double[] shares) =>
    [
        $"layer {layer + 1}",
        Bars(shares),
        $"{100 * shares.Max():F1} %",
        $"{100 * shares.Min():F1} %",
        $"{Evenness(shares):F3}",
    ];

    private static string Bars(double[] shares) =>
        string.Concat(shares.Select(share => Levels[(int)(share / shares.Max() * (Levels.Length - 1))]));
}
