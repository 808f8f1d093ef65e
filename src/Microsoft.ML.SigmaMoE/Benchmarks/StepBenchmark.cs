using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A whole <see cref="TrainingStep"/>: σ-MoE as one writes it at first, dense of equal parameters, and the library's
/// own; then where the time of the library's steps goes.
/// </summary>
internal sealed class StepBenchmark(BenchmarkOptions options)
{
    private const int Batches = 4;

    public IReadOnlyList<BenchmarkResult> Run(CancellationToken cancellationToken)
    {
        Tensor[] batches = [.. Enumerable.Range(1, Batches).Select(seed => TrainingStep.Batch(options, seed))];
        return [.. Whole(batches, cancellationToken), .. new StepParts(options, batches).Run(cancellationToken)];
    }

    private IReadOnlyList<BenchmarkResult> Whole(Tensor[] batches, CancellationToken cancellationToken)
    {
        using var setups = new Disposables();
        var simple = Simple(batches, setups);
        Contender[] dense = [.. options.Types.Select(type => Ours("dense", options.Dense, type, batches, setups))];
        return new Comparison("step", $"{options.Shape} T{TrainingStep.SegmentLength}", options)
        {
            DenseBFloat16 = dense.ElementAtOrDefault(1),
            DenseFloat32 = [dense[0]],
            Baseline = simple,
        }.Run(
            [
                simple,
                Usual("dense, MKL, TorchSharp's AdamW", batches, setups),
                .. dense,
                .. options.Types.Select(type => Ours("σ-MoE", options.Mixture, type, batches, setups)),
            ],
            cancellationToken);
    }

    private Contender Ours(string name, FeedForwardOptions block, ScalarType type, Tensor[] batches, Disposables setups)
    {
        var step = setups.Add(new TrainingStep(options, block, type));
        return new(name, Contender.Word(type), repetition => step.Run(batches[repetition % Batches]));
    }

    private Contender Simple(Tensor[] batches, Disposables setups)
    {
        var step = setups.Add(new SimpleStep(options));
        return new("σ-MoE, simple", "float32", repetition => step.Run(batches[repetition % Batches]))
        {
            Error = step.Error(batches[0]),
            Tolerance = 1e-4,
        };
    }

    // The library's network with what TorchSharp does around it.
    private Contender Usual(string name, Tensor[] batches, Disposables setups)
    {
        var step = setups.Add(new TrainingStep(options, options.Dense, ScalarType.Float32));
        Parameter[] used = [.. step.Network.parameters().Where(parameter => parameter.requires_grad)];
        var optimizer = setups.Add(optim.AdamW(used, TrainingStep.LearningRate));
        return new(name, "float32", repetition =>
        {
            using var scope = NewDisposeScope();
            using var usual = Float32Multiplication.Use("highest");
            optimizer.zero_grad();
            step.Backward(batches[repetition % Batches]);
            nn.utils.clip_grad_norm_(used, 1);
            optimizer.step();
        });
    }
}
