using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// From rows of token ids to scores: batches, forward passes, and back into the order of the rows. The first token of a
/// row is given: it is neither predicted nor part of the features.
/// </summary>
internal sealed class TokenScorer(TransformerNetwork network, FeatureOptions features)
{
    private readonly BatchScorer _batches = new(network, features);

    /// <summary>Gets the length of <see cref="RowScore.Features"/>.</summary>
    public int FeatureSize => features.Size(network.Model.ModelSize);

    private int UsageSize => network.ExpertLayerCount * network.ExpertCount;

    /// <summary>Scores rows of valid ids; a row of fewer than two tokens has nothing to predict.</summary>
    public RowScore[] Score(IReadOnlyList<int[]> rows, ScoreParts parts, CancellationToken cancellationToken)
    {
        using var quiet = inference_mode();
        RowScore[] scores = [.. rows.Select(row => Unscored(row, parts))];
        if (parts != ScoreParts.None)
        {
            var most = parts.HasFlag(ScoreParts.Features) ? features.MostRows(network.Model.ModelSize) : int.MaxValue;
            foreach (var batch in RowBatches.Plan([.. scores.Select(score => score.TokenCount)], network.Model.SegmentLength, most))
            {
                var result = _batches.Score([.. batch.Select(row => rows[row])], parts, cancellationToken);
                foreach (var (place, row) in batch.Index())
                {
                    scores[row] = Scored(scores[row], result, place, parts);
                }
            }
        }

        return scores;
    }

    // what a row without a prediction keeps: no tokens, zero features, no use of any expert
    private RowScore Unscored(int[] row, ScoreParts parts) => new()
    {
        TokenCount = Math.Max(0, row.Length - 1),
        ByteCount = 0,
        Features = parts.HasFlag(ScoreParts.Features) ? new float[FeatureSize] : [],
        ExpertUsage = parts.HasFlag(ScoreParts.ExpertUsage) ? new float[UsageSize] : [],
    };

    private RowScore Scored(RowScore row, BatchScore batch, int place, ScoreParts parts) => row with
    {
        TokenLogLikelihoods = batch.TokenLogLikelihoods[place],
        Features = parts.HasFlag(ScoreParts.Features)
            ? batch.Features.AsSpan(place * FeatureSize, FeatureSize).ToArray()
            : [],
        ExpertUsage = batch.Shares?.Row(place) ?? [],
    };
}
