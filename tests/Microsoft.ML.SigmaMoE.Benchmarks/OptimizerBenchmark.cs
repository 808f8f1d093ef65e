using BenchmarkDotNet.Attributes;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Benchmarks;

/// <summary>AdamW over 8 matrices of 2048 × 512 in one pass, beside TorchSharp's own.</summary>
public class OptimizerBenchmark : IDisposable
{
    private readonly AdamW _ours =
        new(Parameters().Select((parameter, place) => ($"p{place}", parameter)), new TrainingOptions());

    private readonly optim.Optimizer _theirs = optim.AdamW(Parameters(), 1e-4);

    [Benchmark]
    public void OnePass() => _ours.Step(1e-4);

    [Benchmark(Baseline = true)]
    public void TorchSharp()
    {
        using var scope = NewDisposeScope();
        _theirs.step();
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _ours.Dispose();
        _theirs.Dispose();
        GC.SuppressFinalize(this);
    }

    private static Parameter[] Parameters() =>
        [.. Enumerable.Range(0, 8).Select(_ => new Parameter(randn(2048, 512)) { grad = randn(2048, 512) })];
}
