using BenchmarkDotNet.Attributes;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Benchmarks;

/// <summary>
/// The down-projection of what Top-K activation keeps, 2,048 tokens on one thread: over the numbers that are not 0,
/// beside libtorch's dense product. <see cref="SparseLinear.Pays"/> is chosen by this.
/// </summary>
public class SparseLinearBenchmark
{
    private readonly MixedLinear _dense = new(ScalarType.Float32);
    private readonly Tensor _weight = randn(512, 2048).requires_grad_();
    private readonly Tensor _gradient = randn(2048, 512);
    private Tensor? _hidden;

    [Params(32, 64, 128, 256, 512)]
    public int Kept { get; set; }

    [GlobalSetup]
    public void Choose()
    {
        set_num_threads(1);
        using var scope = NewDisposeScope();
        var all = randn(2048, 2048);
        var least = all.topk(Kept, dim: -1).values.amin([-1], keepdim: true);
        _hidden = all.masked_fill(all.less(least), 0).requires_grad_().MoveToOuterDisposeScope();
    }

    [Benchmark]
    public void Forward() => Run(SparseLinear.Apply, isTraining: false);

    [Benchmark]
    public void ForwardDense() => Run(_dense.Apply, isTraining: false);

    [Benchmark]
    public void ForwardAndBackward() => Run(SparseLinear.Apply, isTraining: true);

    [Benchmark]
    public void ForwardAndBackwardDense() => Run(_dense.Apply, isTraining: true);

    private void Run(Func<Tensor, Tensor, Tensor> product, bool isTraining)
    {
        using var scope = NewDisposeScope();
        using var mode = set_grad_enabled(isTraining);
        var output = product(_hidden!, _weight);
        if (isTraining)
        {
            autograd.grad([output], [_hidden!, _weight], [_gradient]);
        }
    }
}
