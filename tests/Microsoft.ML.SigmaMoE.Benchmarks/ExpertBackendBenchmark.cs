using BenchmarkDotNet.Attributes;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Benchmarks;

/// <summary>
/// The experts alone, their tokens sorted already: this processor's fastest backend beside libtorch's.
/// </summary>
public class ExpertBackendBenchmark
{
    private readonly ExpertInputs _inputs;
    private readonly ExpertBatch _batch;
    private readonly Tensor _gradient;
    private readonly Tensor _hidden;
    private readonly IExpertBackend _fused;
    private readonly TorchExpertBackend _libtorch = new(ScalarType.Float32);

    public ExpertBackendBenchmark()
    {
        var sizes = new BenchmarkOptions();
        using var randomness = new Randomness(1);
        long[] matrix = [sizes.ExpertCount, sizes.ExpertSize, sizes.ModelSize];
        var (values, experts) = randomness.Uniform([sizes.Tokens, sizes.ExpertCount]).topk(sizes.ActiveExperts);
        _inputs = new(
            randomness.Normal([sizes.Tokens, sizes.ModelSize]), values, randomness.Normal(matrix),
            randomness.Normal(matrix), null);
        _batch = ExpertBatch.Create(experts, sizes.ExpertCount);
        _ = _batch.SlotOrder; // sorted here, not while it is measured
        _gradient = randomness.Normal([sizes.Tokens, sizes.ModelSize]);
        _fused = ExpertBackends.For(ScalarType.Float32, _inputs);
        _hidden = _fused.Forward(_inputs, _batch, null).Hidden;
    }

    [Benchmark]
    public void Forward() => Forward(_fused);

    [Benchmark]
    public void ForwardByLibtorch() => Forward(_libtorch);

    [Benchmark]
    public void Backward() => Backward(_fused);

    [Benchmark]
    public void BackwardByLibtorch() => Backward(_libtorch);

    private void Forward(IExpertBackend backend)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        backend.Forward(_inputs, _batch, null);
    }

    private void Backward(IExpertBackend backend)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        backend.Backward(_gradient, _inputs, _batch, null, _hidden);
    }
}
