using BenchmarkDotNet.Attributes;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Benchmarks;

/// <summary>Logits, top-k and gates of 4,096 tokens: what routing costs before any expert computes.</summary>
public class RouterBenchmark
{
    private readonly Router _router;
    private readonly Tensor _tokens;

    public RouterBenchmark()
    {
        var sizes = new BenchmarkOptions();
        var model = new ModelOptions { ModelSize = sizes.ModelSize };
        _router = Router.Create(new(sizes.Mixture, new(model, ScalarType.Float32, new Randomness(1))));
        _tokens = new Randomness(2).Normal([1, sizes.Tokens, sizes.ModelSize]);
    }

    [Benchmark]
    public void Route()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        _router.Route(_tokens);
    }
}
