using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// <see cref="TokenLoss"/> row by row: ln Σ exp(logit) − logit of the target, averaged. The gradient by the logits,
/// (softmax − one at the target) / tokens, needs the same exponentials, so it is made at once and kept.
/// </summary>
internal sealed class TokenLossFunction : autograd.SingleTensorFunction<TokenLossFunction>
{
    public override string Name => nameof(TokenLossFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        using var local = ((Tensor)vars[0]).contiguous();
        var bias = MemoryMarshal.Cast<byte, float>(((Tensor)vars[1]).bytes).ToArray();
        var targets = MemoryMarshal.Cast<byte, long>(((Tensor)vars[2]).bytes).ToArray();
        var byLogits = empty_like(local);
        var (source, gradient) = (new TensorRows(local), new TensorRows(byLogits));
        var pieces = CpuWork.Pieces(source.Count);
        var (losses, byBias) = (new double[pieces.Count], new float[pieces.Count][]);
        CpuWork.Each(pieces, (piece, first, end) =>
        {
            (var row, byBias[piece]) = (new float[source.Width], new float[source.Width]);
            for (var token = first; token < end; token++)
            {
                source.Read(token, 0, row);
                TensorPrimitives.Add(row, bias, row);
                losses[piece] += LossAndGradient(row, (int)targets[token], source.Count);
                TensorPrimitives.Add(byBias[piece], row, byBias[piece]);
                gradient.Write(token, 0, row);
            }
        });
        ctx.save_for_backward([byLogits, tensor(Sum(byBias))]);
        return tensor((float)(losses.Sum() / source.Count));
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var saved = ctx.get_saved_variables();
        var scale = grad_output.item<float>();
        return scale == 1 ? [saved[0], saved[1], null!] : [saved[0].Times(scale), saved[1].Times(scale), null!];
    }

    // Turns the row of logits into its gradient.
    private static double LossAndGradient(Span<float> row, int target, long tokens)
    {
        var wanted = row[target];
        var largest = TensorPrimitives.Max<float>(row);
        TensorPrimitives.Subtract(row, largest, row);
        TensorPrimitives.Exp(row, row);
        var sum = TensorPrimitives.Sum<float>(row);
        TensorPrimitives.Multiply(row, 1 / (sum * tokens), row);
        row[target] -= 1f / tokens;
        return Math.Log(sum) + largest - wanted;
    }

    // in the order of the pieces, whichever thread was first
    private static float[] Sum(float[][] parts)
    {
        var sum = parts[0];
        foreach (var part in parts.Skip(1))
        {
            TensorPrimitives.Add(sum, part, sum);
        }

        return sum;
    }
}
