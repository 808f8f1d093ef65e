namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>A trained model on the test text.</summary>
internal sealed record ModelTest(LanguageModelMetrics Metrics, double? ExpertEntropy, int? DeadExperts)
{
    public static ModelTest Run(LanguageModel model, TextInput text)
    {
        var context = new MLContext();
        var experts = (model.Options.FeedForward as MixtureOfExpertsOptions)?.ExpertCount;
        var usage = experts is null ? null : nameof(ScoredRow.ExpertUsage);
        var columns = new OutputColumns { Features = null, ExpertUsage = usage };
        var view = text.View(context);
        var estimator = context.Transforms.Text.ScoreTextWithLanguageModel(nameof(TextRow.Text), model, columns);
        var scored = estimator.Fit(view).Transform(view);
        var metrics = context.LanguageModeling.Evaluate(scored);
        if (experts is not { } count)
        {
            return new(metrics, null, null);
        }

        var rows = context.Data.CreateEnumerable<ScoredRow>(scored, reuseRowObject: true, ignoreMissingColumns: true);
        var layers = Shares(rows, count * model.Options.Model.LayerCount).Chunk(count).ToArray();
        return new(metrics, layers.Average(Evenness), layers.Sum(shares => shares.Count(share => share == 0)));
    }

    /// <summary>
    /// The entropy of shares, divided by its largest value: 1 when all are alike, 0 when one has everything.
    /// </summary>
    public static double Evenness(IReadOnlyList<double> shares) => shares.Count == 1
        ? 1
        : -shares.Where(share => share > 0).Sum(share => share * Math.Log(share)) / Math.Log(shares.Count);

    // The mean of the rows' shares; a long row counts for more.
    private static double[] Shares(IEnumerable<ScoredRow> rows, int length)
    {
        var (sums, tokens) = (new double[length], 0L);
        foreach (var row in rows)
        {
            tokens += row.TokenCount;
            for (var i = 0; i < row.ExpertUsage.Length; i++)
            {
                sums[i] += row.ExpertUsage[i] * (double)row.TokenCount;
            }
        }

        return [.. sums.Select(sum => sum / tokens)];
    }

    private sealed class ScoredRow
    {
        public int TokenCount { get; set; }

        public float[] ExpertUsage { get; set; } = [];
    }
}
