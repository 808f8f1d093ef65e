using System.Text;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// From text to scores: each row becomes [separator] + its tokens, so that all of them are predicted.
/// </summary>
internal sealed class RowScorer(TransformerNetwork network, TextTokenizer tokenizer, FeatureOptions features)
    : IRowScorer
{
    private readonly TokenScorer _tokens = new(network, features);

    public int FeatureSize => _tokens.FeatureSize;

    public int ExpertLayerCount => network.ExpertLayerCount;

    public int ExpertCount => network.ExpertCount;

    public RowScore[] Score(
        IReadOnlyList<ReadOnlyMemory<char>> rows, ScoreParts parts, CancellationToken cancellationToken)
    {
        int[][] tokens = [.. rows.Select(row => Encode(row.Span))];
        var scores = _tokens.Score(tokens, parts, cancellationToken);
        return [.. scores.Zip(rows, (score, row) => score with { ByteCount = Encoding.UTF8.GetByteCount(row.Span) })];
    }

    private int[] Encode(ReadOnlySpan<char> text)
    {
        List<int> ids = [tokenizer.SeparatorId];
        tokenizer.Encode(text, ids);
        return [.. ids];
    }
}
