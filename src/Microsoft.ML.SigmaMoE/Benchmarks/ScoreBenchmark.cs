using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Scoring rows of the lengths that short texts have, with a model of four layers: in batches, one row a forward pass,
/// and features alone, which need no output layer; and one row at a time by a network that may still be trained, which
/// keeps nothing of its weights.
/// </summary>
internal sealed class ScoreBenchmark(BenchmarkOptions options)
{
    private const int VocabularySize = 8000;
    private const int Separator = 0;

    public IReadOnlyList<BenchmarkResult> Run(CancellationToken cancellationToken)
    {
        var type = ComputePrecision.Of(Precision.Automatic, CPU).Type;
        using var randomness = new Randomness(1);
        using var network = Network(type, randomness);
        using var trained = Network(type, randomness);
        network.Freeze();
        trained.eval();
        var scorer = new TokenScorer(network, new FeatureOptions());
        var slow = new TokenScorer(trained, new FeatureOptions());
        var rows = Rows();
        var word = Contender.Word(type);
        var single = new Contender(
            "one row a pass", word,
            _ => Array.ForEach(rows, row => scorer.Score([row], ScoreParts.LogLikelihoods, cancellationToken)));
        return new Comparison("score", $"{options.Shape} rows {rows.Length}", options) { Baseline = single }.Run(
            [
                single,
                new(
                    "one row a pass, nothing kept", word,
                    _ => Array.ForEach(rows, row => slow.Score([row], ScoreParts.LogLikelihoods, cancellationToken))),
                new("in batches", word, _ => scorer.Score(rows, ScoreParts.LogLikelihoods, cancellationToken))
                {
                    Error = Distance(scorer, rows, cancellationToken),
                    // another shape sums in another order, and in bfloat16 rounds otherwise
                    Tolerance = type == ScalarType.Float32 ? 1e-4 : 3e-2,
                },
                new(
                    "in batches, features alone", word,
                    _ => scorer.Score(rows, ScoreParts.Features, cancellationToken)),
            ],
            cancellationToken);
    }

    private TransformerNetwork Network(ScalarType type, Randomness randomness) => new(
        new ModelOptions { ModelSize = options.ModelSize, LayerCount = 4, HeadCount = 4 }, options.Mixture,
        VocabularySize, type, randomness);

    // Lengths of which the logarithm is normal, around 16 tokens: API documentation's, by BPE of 8,000.
    private int[][] Rows()
    {
        var random = new Random(1);
        var rows = new List<int[]>();
        for (var left = options.Tokens; left > 0; left -= rows[^1].Length)
        {
            var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()))
                * Math.Cos(2 * Math.PI * random.NextDouble());
            var length = (int)Math.Clamp(16 * Math.Exp(0.6 * normal), 2, 400);
            rows.Add([Separator, .. Enumerable.Range(0, length).Select(_ => random.Next(1, VocabularySize))]);
        }

        return [.. rows];
    }

    private static double Distance(TokenScorer scorer, int[][] rows, CancellationToken cancellationToken)
    {
        double[] Sums(IEnumerable<RowScore> scores) =>
            [.. scores.Select(score => score.TokenLogLikelihoods.Sum(value => (double)value))];
        var batched = Sums(scorer.Score(rows, ScoreParts.LogLikelihoods, cancellationToken));
        var single = Sums(rows.Select(row => scorer.Score([row], ScoreParts.LogLikelihoods, cancellationToken)[0]));
        return Math.Sqrt(batched.Zip(single, (x, y) => (x - y) * (x - y)).Sum() / single.Sum(y => y * y));
    }
}
