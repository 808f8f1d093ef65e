using System.Text;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Scores rows of text with a network: tokens, batches, forward passes, and back into the order of the rows.</summary>
internal sealed class RowScorer(TransformerNetwork network, TextTokenizer tokenizer, FeatureOptions features) : IRowScorer
{
    private readonly BatchScorer _batches = new(network, tokenizer.SeparatorId, features);

    public int FeatureSize => features.Size(network.Model.ModelSize);

    public int ExpertLayerCount => network.ExpertLayerCount;

    public int ExpertCount => network.ExpertCount;

    public RowScore[] Score(
        IReadOnlyList<ReadOnlyMemory<char>> rows, ScoreParts parts, CancellationToken cancellationToken)
    {
        using var quiet = inference_mode();
        int[][] tokens = [.. rows.Select(row => tokenizer.Encode(row.Span))];
        RowScore[] scores = [.. rows.Zip(tokens, (row, ids) => Unscored(row.Span, ids.Length, parts))];
        if (parts != ScoreParts.None)
        {
            foreach (var batch in RowBatches.Plan([.. tokens.Select(ids => ids.Length)], network.Model.SegmentLength))
            {
                var result = _batches.Score([.. batch.Select(row => tokens[row])], parts, cancellationToken);
                foreach (var (place, row) in batch.Index())
                {
                    scores[row] = Scored(scores[row], result, place, parts);
                }
            }
        }

        return scores;
    }

    // what an empty row keeps: no tokens, zero features, no use of any expert
    private RowScore Unscored(ReadOnlySpan<char> text, int tokenCount, ScoreParts parts) => new()
    {
        TokenCount = tokenCount,
        ByteCount = Encoding.UTF8.GetByteCount(text),
        Features = parts.HasFlag(ScoreParts.Features) ? new float[FeatureSize] : [],
        ExpertUsage = parts.HasFlag(ScoreParts.ExpertUsage) ? new float[ExpertLayerCount * ExpertCount] : [],
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
