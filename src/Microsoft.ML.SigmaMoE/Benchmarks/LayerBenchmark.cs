using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// One feed-forward block as training calls it: x → y → gradients by x and by every weight. Dense in float32 stands
/// twice: as TorchSharp computes it unless told otherwise, and over oneDNN where that can be chosen.
/// </summary>
internal sealed class LayerBenchmark(BenchmarkOptions options)
{
    private const int Inputs = 8;
    private const int CheckedTokens = 128;

    public IReadOnlyList<BenchmarkResult> Run(CancellationToken cancellationToken) =>
        [.. Compare("forward", false, cancellationToken), .. ForwardAndBackward(cancellationToken)];

    /// <summary>Measures both passes together alone.</summary>
    public IReadOnlyList<BenchmarkResult> ForwardAndBackward(CancellationToken cancellationToken) =>
        Compare("forward + backward", true, cancellationToken);

    private IReadOnlyList<BenchmarkResult> Compare(string title, bool isBackward, CancellationToken cancellationToken)
    {
        using var scope = NewDisposeScope();
        using var randomness = new Randomness(1);
        Tensor[] inputs =
            [.. Enumerable.Range(0, Inputs).Select(_ => randomness.Normal([1, options.Tokens, options.ModelSize]))];
        using var blocks = new Disposables();
        BlockContext Context(ScalarType type) =>
            new(new ModelOptions { ModelSize = options.ModelSize, HeadCount = 1, LayerCount = 4 }, type, randomness);
        var asIs = Dense("dense, MKL", Context(ScalarType.Float32), blocks, inputs, isBackward, "highest");
        Contender[] float32 = Float32Speed.IsExact // with matrix units it would round to bfloat16
            ? [asIs, Dense("dense, oneDNN", Context(ScalarType.Float32), blocks, inputs, isBackward, "medium")]
            : [asIs];
        Contender[] bfloat16 = options.HasBFloat16
            ? [Dense("dense", Context(ScalarType.BFloat16), blocks, inputs, isBackward, null)]
            : [];
        var comparison = new Comparison(title, options.Shape, options)
        {
            DenseBFloat16 = bfloat16.FirstOrDefault(),
            DenseFloat32 = float32,
            Baseline = asIs,
        };
        return comparison.Run(
            [.. float32, .. bfloat16, .. options.Types.Select(type => Mixture(Context(type), blocks, inputs, isBackward))],
            cancellationToken);
    }

    private Contender Dense(
        string name, BlockContext context, Disposables blocks, Tensor[] inputs, bool isBackward, string? precision)
    {
        var block = blocks.Add(FeedForward.Create(options.Dense, context));
        return new(name, Contender.Word(context.ComputeType), repetition =>
        {
            using var _ = Float32Multiplication.Use(precision);
            Once(block, inputs[repetition % inputs.Length], isBackward);
        });
    }

    private Contender Mixture(BlockContext context, Disposables blocks, Tensor[] inputs, bool isBackward)
    {
        var block = blocks.Add(FeedForward.Create(options.Mixture, context));
        var x = inputs[0].narrow(1, 0, Math.Min(CheckedTokens, options.Tokens));
        return new(
            "σ-MoE", Contender.Word(context.ComputeType),
            repetition => Once(block, inputs[repetition % inputs.Length], isBackward))
        {
            Error = LayerReference.Error(block, options.Mixture, x, context.ComputeType),
            // bfloat16 keeps eight bits
            Tolerance = context.ComputeType == ScalarType.Float32 ? 1e-5 : 2e-2,
        };
    }

    private static void Once(FeedForward block, Tensor input, bool isBackward)
    {
        using var scope = NewDisposeScope();
        using var _ = set_grad_enabled(isBackward);
        if (!isBackward)
        {
            block.forward(input);
            return;
        }

        var x = input.detach().requires_grad_();
        var y = block.forward(x).Hidden;
        y.backward([input]);
        foreach (var parameter in block.parameters())
        {
            parameter.grad = null;
        }
    }
}
