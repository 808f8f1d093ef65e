using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A whole training step of four layers with a vocabulary of 8,000: forward, backward, clipping and AdamW, over rows of
/// 256 tokens. The memory starts empty at every step.
/// </summary>
internal sealed class StepBenchmark(BenchmarkOptions options)
{
    private const int SegmentLength = 256;
    private const int VocabularySize = 8000;
    private const int Batches = 4;

    public IReadOnlyList<BenchmarkResult> Run(CancellationToken cancellationToken)
    {
        long[] shape = [Math.Max(1, options.Tokens / SegmentLength), SegmentLength + 1];
        Tensor[] batches = [.. Enumerable.Range(0, Batches).Select(_ => randint(0, VocabularySize, shape, dtype: ScalarType.Int64))];
        using var setups = new Disposables();
        var simple = Simple("dense, MKL, TorchSharp's AdamW", batches, setups);
        var float32 = Ours("dense", options.Dense, ScalarType.Float32, batches, setups);
        var bfloat16 = Ours("dense", options.Dense, ScalarType.BFloat16, batches, setups);
        return new Comparison("step", $"{options.Shape} T{SegmentLength}", options)
        {
            DenseBFloat16 = bfloat16,
            DenseFloat32 = [float32],
            Baseline = simple,
        }.Run(
            [
                simple, float32, bfloat16,
                Ours("σ-MoE", options.Mixture, ScalarType.Float32, batches, setups),
                Ours("σ-MoE", options.Mixture, ScalarType.BFloat16, batches, setups),
            ],
            cancellationToken);
    }

    private Contender Ours(string name, FeedForwardOptions block, ScalarType type, Tensor[] batches, Disposables setups)
    {
        var network = setups.Add(Network(block, type));
        var optimizer = setups.Add(new AdamW(network.named_parameters(), new TrainingOptions()));
        return new(name, type == ScalarType.Float32 ? "float32" : "bfloat16", repetition =>
        {
            using var scope = NewDisposeScope();
            Backward(network, batches[repetition % Batches]);
            var norm = GradientNorm.Of(optimizer.Gradients());
            optimizer.Step(1e-4, norm > 1 ? 1 / norm : 1);
            optimizer.ClearGradients();
        });
    }

    private Contender Simple(string name, Tensor[] batches, Disposables setups)
    {
        var network = setups.Add(Network(options.Dense, ScalarType.Float32));
        Parameter[] used = [.. network.named_parameters().Where(pair => !pair.name.EndsWith("unused_bias", StringComparison.Ordinal)).Select(pair => pair.parameter)];
        var optimizer = setups.Add(optim.AdamW(used, 1e-4));
        return new(name, "float32", repetition =>
        {
            using var scope = NewDisposeScope();
            using var usual = Float32Multiplication.Use("highest");
            optimizer.zero_grad();
            Backward(network, batches[repetition % Batches]);
            nn.utils.clip_grad_norm_(used, 1);
            optimizer.step();
        });
    }

    private TransformerNetwork Network(FeedForwardOptions block, ScalarType type) => new(
        new ModelOptions
        {
            ModelSize = options.ModelSize,
            LayerCount = 4,
            HeadCount = 4,
            SegmentLength = SegmentLength,
            MemoryLength = 0,
        },
        block, VocabularySize, type, new Randomness(1));

    private static void Backward(TransformerNetwork network, Tensor batch)
    {
        using var memory = new SegmentMemory(0);
        network.Loss(batch, memory).Total.backward();
    }
}
