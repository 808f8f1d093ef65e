using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The output layer and each token's log-likelihood, without a gradient. On the processor a block of logits is read
/// once, while it is in the cache; elsewhere, and as the truth, libtorch's operations are composed.
/// </summary>
internal static unsafe class OutputLikelihoods
{
    // Of a block: 4 MB of float32.
    private const long MostLogits = 1 << 20;

    // Of a block elsewhere: 128 MB.
    private const long MostLogitsElsewhere = 1 << 25;

    /// <summary>Computes [tokens], float32, in nats.</summary>
    /// <inheritdoc cref="OutputLoss.Apply"/>
    public static Tensor Of(Tensor hidden, Tensor matrix, Tensor bias, Tensor targets, MixedLinear linear)
    {
        var isHere = OutputBlocks.Take(hidden, matrix, linear.Type);
        var result = empty(hidden.size(0), dtype: ScalarType.Float32, device: hidden.device);
        using var scope = NewDisposeScope();
        var block = Math.Max(1, (isHere ? MostLogits : MostLogitsElsewhere) / matrix.size(0));
        var product = linear.By(hidden.narrow(0, 0, Math.Min(block, hidden.size(0))), matrix);
        for (var first = 0L; first < hidden.size(0); first += block)
        {
            using var inner = NewDisposeScope();
            var count = Math.Min(block, hidden.size(0) - first);
            var logits = product(hidden.narrow(0, first, count));                     // [block, V], without bias
            var (wanted, target) = (targets.narrow(0, first, count), result.narrow(0, first, count));
            if (isHere)
            {
                Read(logits.contiguous(), bias, wanted, target);
            }
            else
            {
                target.copy_(Compose(logits, bias, wanted));
            }
        }

        return result;
    }

    /// <summary>Computes the same of logits without bias by libtorch's operations.</summary>
    public static Tensor Compose(Tensor logits, Tensor bias, Tensor targets)
    {
        var all = logits.to(ScalarType.Float32).Plus(bias);
        return all.gather(1, targets.unsqueeze(-1)).squeeze(-1).sub(all.logsumexp(-1));
    }

    private static void Read(Tensor logits, Tensor bias, Tensor targets, Tensor result)
    {
        var rows = new TensorRows(logits);
        var added = TensorMemory.Of<float>(bias);
        var wanted = TensorMemory.Of<long>(targets);
        var target = TensorMemory.Of<float>(result);
        CpuWork.Each(rows.Count, (first, end) =>
        {
            using var scratch = new Scratch<float>(rows.Width, isZeroed: false);
            var row = new Span<float>(scratch.Pointer, rows.Width);
            for (var token = first; token < end; token++)
            {
                rows.Read(token, 0, row);
                var own = row[(int)wanted[token]] + added[wanted[token]];
                var (largest, sum) = SoftmaxRow.Exponentiate(row, new(added, rows.Width));
                target[token] = (float)(own - largest - Math.Log(sum));
            }
        });
    }
}
