using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Attention with relative positions as training calls it, forward and backward, at several segment lengths: the library's
/// way beside libtorch's operations for shift, mask and softmax.
/// </summary>
internal sealed class AttentionBenchmark(BenchmarkOptions options)
{
    private static readonly int[] Lengths = [128, 256, 512, 1024];

    public IReadOnlyList<BenchmarkResult> Run(CancellationToken cancellationToken) =>
        [.. Lengths.SelectMany(length => Run(length, cancellationToken))];

    private IReadOnlyList<BenchmarkResult> Run(int time, CancellationToken cancellationToken)
    {
        using var scope = NewDisposeScope();
        const int Heads = 4;
        long[] shape = [Math.Max(1, options.Tokens / time), Heads, time, 2L * time];
        var positions = RelativePositions.Create(new(time, time), options.ModelSize, CPU);
        var (content, places) = (randn(shape), randn(shape));
        var composed = Contender("libtorch", (x, y) => RelativeSoftmax.Compose(x, y, positions), content, places, null);
        Tensor Fused(Tensor x, Tensor y) => RelativeSoftmax.Apply(x, y, positions);
        var wanted = RelativeSoftmax.Compose(content.to(ScalarType.Float64), places.to(ScalarType.Float64), positions);
        var error = ((Fused(content, places).to(ScalarType.Float64) - wanted).norm() / wanted.norm()).item<double>();
        return new Comparison("attention probabilities", $"B{shape[0]} H{Heads} T{time} M{time}", options) { Baseline = composed }.Run(
            [composed, Contender("one pass", Fused, content, places, error)], cancellationToken);
    }

    private static Contender Contender(string name, Func<Tensor, Tensor, Tensor> way, Tensor content, Tensor places, double? error) =>
        new(name, "float32", _ =>
        {
            using var scope = NewDisposeScope();
            var (x, y) = (content.detach().requires_grad_(), places.detach().requires_grad_());
            way(x, y).backward([content]);
        })
        {
            Error = error,
            Tolerance = 1e-5,
        };
}
