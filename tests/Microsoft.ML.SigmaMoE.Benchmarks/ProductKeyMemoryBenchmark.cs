using BenchmarkDotNet.Attributes;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Benchmarks;

/// <summary>
/// A sparse product-key memory on one thread, beside the same with every gathered value in memory at once.
/// </summary>
public class ProductKeyMemoryBenchmark : IDisposable
{
    private readonly ProductKeyMemory _memory;
    private readonly Tensor _values;
    private readonly Tensor _tokens;
    private readonly Tensor _gradient;

    public ProductKeyMemoryBenchmark()
    {
        set_num_threads(1);
        using var randomness = new Randomness(1);
        var options = new ProductKeyMemoryOptions { SubKeyCount = 64, HeadCount = 4, NearestKeys = 32 };
        _memory = new(options, new(new() { ModelSize = 512 }, ScalarType.Float32, randomness));
        _values = _memory.get_parameter("values")!;
        _tokens = randomness.Normal([1, 2048, 512]);
        _gradient = randomness.Normal([1, 2048, 512]);
    }

    [Benchmark]
    public void Forward() => Run(x => _memory.forward(x).Hidden, isTraining: false);

    [Benchmark]
    public void ForwardByLibtorch() => Run(Gathered, isTraining: false);

    [Benchmark]
    public void ForwardAndBackward() => Run(x => _memory.forward(x).Hidden, isTraining: true);

    [Benchmark]
    public void ForwardAndBackwardByLibtorch() => Run(Gathered, isTraining: true);

    [GlobalCleanup]
    public void Dispose()
    {
        _memory.Dispose();
        GC.SuppressFinalize(this);
    }

    // libtorch's operations and its own differentiation
    private Tensor Gathered(Tensor x)
    {
        var (first, second) = _memory.SubScores(x.flatten(0, 1));
        var (scores, places) = _memory.Nearest(first, second); // [tokens, heads · nearest]
        var values = _values.index_select(0, places.flatten()).view([.. places.shape, -1]);
        return scores.relu().unsqueeze(1).bmm(values).view(x.shape);
    }

    private void Run(Func<Tensor, Tensor> block, bool isTraining)
    {
        using var scope = NewDisposeScope();
        using var mode = set_grad_enabled(isTraining);
        var x = _tokens.detach().requires_grad_(isTraining);
        var output = block(x);
        if (isTraining)
        {
            autograd.grad([output], [x, .. _memory.parameters()], [_gradient]);
        }
    }
}
