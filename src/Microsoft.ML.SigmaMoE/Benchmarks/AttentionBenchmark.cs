using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Attention with relative positions between its projections as training calls it, forward and backward, at several
/// segment lengths with a memory as long: the library's ways beside libtorch's.
/// </summary>
internal sealed class AttentionBenchmark(BenchmarkOptions options)
{
    private const int Heads = 4;
    private static readonly int[] Lengths = [128, 256, 512, 1024];

    public IReadOnlyList<BenchmarkResult> Run(CancellationToken cancellationToken) =>
        [.. Lengths.SelectMany(length => Run(length, cancellationToken))];

    /// <summary>Measures at one segment length.</summary>
    public IReadOnlyList<BenchmarkResult> Run(int time, CancellationToken cancellationToken)
    {
        using var scope = NewDisposeScope();
        var batch = Math.Max(1, options.Tokens / time);
        var positions = RelativePositions.Create(new(time, time), options.ModelSize, CPU);
        Contender[] contenders =
            [.. options.Types.SelectMany(type => Contenders(Inputs(batch, time, type), positions))];
        var shape = $"B{batch} H{Heads} × {HeadSize} T{time} M{time}";
        return new Comparison("attention", shape, options) { Baseline = contenders[0] }.Run(
            contenders, cancellationToken);
    }

    private int HeadSize => Math.Max(1, options.ModelSize / Heads);

    private static IEnumerable<Contender> Contenders(AttentionInputs inputs, RelativePositions positions)
    {
        Contender Way(string name, Func<AttentionInputs, RelativePositions, Tensor> way) =>
            Make(name, given => way(given, positions), inputs, positions.Windows);
        yield return Way("plain", AttentionWays.Plain);
        yield return Way("scaled_dot_product_attention", AttentionWays.ScaledDotProduct);
        if (inputs.Queries.dtype == ScalarType.Float32)
        {
            yield return Way("softmax in one pass", AttentionWays.OnePass);
        }

        if (RelativeAttentionFunction.Takes(inputs.Queries.dtype, inputs.Queries, positions.Windows))
        {
            yield return Way("one step", AttentionWays.OneStep);
        }
    }

    private static Contender Make(
        string name, Func<AttentionInputs, Tensor> way, AttentionInputs inputs, KeyWindows windows)
    {
        var (type, gradient) = (inputs.Queries.dtype, randn_like(inputs.Queries));
        var first = inputs with
        {
            Queries = inputs.Queries.narrow(0, 0, 1),
            KeysAndValues = inputs.KeysAndValues.narrow(0, 0, 1),
        };
        return new(name, Contender.Word(type), _ =>
        {
            using var scope = NewDisposeScope();
            var leaves = AttentionInputs.Of([.. inputs.All.Select(tensor => tensor.detach().requires_grad_())]);
            way(leaves).backward([gradient]);
        })
        {
            Error = AttentionReference.Error(way, first, gradient.narrow(0, 0, 1), windows),
            // bfloat16 keeps eight bits
            Tolerance = type == ScalarType.Float32 ? 1e-5 : 2e-2,
        };
    }

    private AttentionInputs Inputs(int batch, int time, ScalarType type)
    {
        var width = Heads * HeadSize;
        Tensor Draw(params long[] shape) => randn(shape).to(type);
        return new(
            Draw(batch, time, width), Draw(batch, 2L * time, 2 * width), Draw(2L * time, width),
            randn(Heads, HeadSize), randn(Heads, HeadSize), TensorNumbers.Full([1], 1 / Math.Sqrt(HeadSize)));
    }
}
