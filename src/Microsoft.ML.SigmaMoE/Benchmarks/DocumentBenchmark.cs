using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Scoring documents of several segments, with a model of four layers: what attention made of earlier segments is
/// remembered, beside inputs from which it is made anew, by a network that may still be trained and by one that keeps
/// what it makes of its weights. Features alone, which need no output layer.
/// </summary>
internal sealed class DocumentBenchmark(BenchmarkOptions options)
{
    private const int VocabularySize = 8000;
    private const int Together = 8;

    /// <summary>Measures one document, and several side by side.</summary>
    public IReadOnlyList<BenchmarkResult> Run(CancellationToken cancellationToken)
    {
        var type = ComputePrecision.Of(Precision.Automatic, CPU).Type;
        using var randomness = new Randomness(1);
        using var network = Network(type, randomness);
        using var trained = Network(type, randomness);
        WeightSnapshot.Copy(network, trained);
        network.Freeze();
        trained.eval();
        return [.. Compare(1, network, trained, cancellationToken), .. Compare(Together, network, trained, cancellationToken)];
    }

    private IReadOnlyList<BenchmarkResult> Compare(
        int count, TransformerNetwork network, TransformerNetwork trained, CancellationToken cancellationToken)
    {
        using var scope = NewDisposeScope();
        var time = Math.Max(2 * network.Model.SegmentLength, options.Tokens / count);
        var tokens = randint(0, VocabularySize, [count, time], dtype: ScalarType.Int64);    // [documents, time]
        var capacity = network.Model.EffectiveEvaluationMemoryLength;
        var word = Contender.Word(network.Precision.Type);
        var inputs = new Contender("inputs remembered", word, _ => Read(trained, tokens, new(capacity)).Dispose());
        var frozen = new Contender(
            "inputs remembered, model in use", word, _ => Read(network, tokens, new(capacity)).Dispose());
        var keys = new Contender(
            "keys remembered", word, _ => Read(network, tokens, new(capacity) { KeepsKeys = true }).Dispose())
        {
            Error = Distance(
                Read(network, tokens, new(capacity) { KeepsKeys = true }), Read(trained, tokens, new(capacity))),
            // as for batches: products of other sizes
            Tolerance = network.Precision.Type == ScalarType.Float32 ? 1e-4 : 3e-2,
        };
        return new Comparison("document", $"{options.Shape} documents {count}", options) { Baseline = inputs }
            .Run([inputs, frozen, keys], cancellationToken);
    }

    private TransformerNetwork Network(ScalarType type, Randomness randomness) => new(
        new ModelOptions { ModelSize = options.ModelSize, LayerCount = 4, HeadCount = 4 }, options.Mixture,
        VocabularySize, type, randomness);

    // The last segment's hidden states, in which all before it had a part: [documents, time, d_model].
    private static Tensor Read(TransformerNetwork network, Tensor tokens, SegmentMemory memory)
    {
        using var quiet = inference_mode();
        using var scope = NewDisposeScope();
        using (memory)
        {
            Tensor? last = null;
            foreach (var part in tokens.split(network.Model.SegmentLength, 1))
            {
                using var step = NewDisposeScope();
                last = network.Forward(part, memory).Hidden.MoveToOuterDisposeScope();
            }

            return last!.MoveToOuterDisposeScope();
        }
    }

    private static double Distance(Tensor actual, Tensor wanted) =>
        ((actual - wanted).norm() / wanted.norm()).to(ScalarType.Float64).item<double>();
}
