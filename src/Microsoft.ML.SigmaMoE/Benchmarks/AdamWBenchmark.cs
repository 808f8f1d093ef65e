using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// One step of AdamW over 32 matrices of the size of all experts of a layer, beside TorchSharp's own.
/// </summary>
internal sealed class AdamWBenchmark(BenchmarkOptions options)
{
    private const int Tensors = 32;

    private int Rows => options.ExpertCount * options.ExpertSize;

    public IReadOnlyList<BenchmarkResult> Run(CancellationToken cancellationToken)
    {
        var (ours, theirs) = (Parameters(), Parameters());
        using var setups = new Disposables();
        var optimizer = setups.Add(
            new AdamW(ours.Select((parameter, place) => ($"p{place}", parameter)), new TrainingOptions()));
        var other = setups.Add(optim.AdamW(theirs, 1e-4));
        var baseline = new Contender("TorchSharp", "float32", _ => Once(() => other.step()));
        return new Comparison("AdamW", $"{Tensors} × [{Rows}, {options.ModelSize}]", options) { Baseline = baseline }
            .Run(
            [baseline, new("one pass", "float32", _ => Once(() => optimizer.Step(1e-4)))], cancellationToken);
    }

    private static void Once(Action step)
    {
        using var scope = NewDisposeScope();
        step();
    }

    private Parameter[] Parameters() => [.. Enumerable.Range(0, Tensors).Select(_ =>
        new Parameter(randn(Rows, options.ModelSize)) { grad = randn(Rows, options.ModelSize) })];
}
