using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The K largest logits of each token and their sigmoids in one pass on the processor: libtorch's top-k alone takes a third
/// of a small layer's time. The gradient of weight s = σ(logit) is s (1 − s) at the chosen logits, 0 elsewhere.
/// </summary>
internal sealed class SigmoidTopK : GuardedFunction<SigmoidTopK>
{
    public override string Name => nameof(SigmoidTopK);

    /// <summary>Chooses experts, [tokens, K], int64, and weighs them, [tokens, K]; records a gradient only where one is wanted.</summary>
    /// <param name="logits">[tokens, experts], float32, on the processor.</param>
    /// <param name="active">K.</param>
    public static (Tensor Experts, Tensor Weights) Apply(Tensor logits, int active)
    {
        var choice = new Choice(new long[logits.shape[0] * active], active, logits.shape[1]);
        var weights = is_grad_enabled() ? apply(logits, choice) : Choose(logits, choice);
        return (from_array(choice.Experts).view(-1, active), weights);
    }

    protected override Tensor Compute(autograd.AutogradContext ctx, object[] vars)
    {
        var weights = Choose((Tensor)vars[0], (Choice)vars[1]);
        ctx.save_for_backward([weights.detach()]); // the output itself would hold the node that holds it
        ctx.save_data(nameof(Choice), vars[1]);
        return weights;
    }

    protected override List<Tensor> Differentiate(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var choice = (Choice)ctx.get_data(nameof(Choice));
        using var gradient = grad_output.contiguous();
        var byLogits = zeros(grad_output.shape[0], choice.ExpertCount);                    // [tokens, experts]
        var weights = MemoryMarshal.Cast<byte, float>(ctx.get_saved_variables()[0].bytes);
        var by = MemoryMarshal.Cast<byte, float>(gradient.bytes);
        var target = MemoryMarshal.Cast<byte, float>(byLogits.bytes);
        for (var slot = 0; slot < weights.Length; slot++)
        {
            var place = slot / choice.Active * (int)choice.ExpertCount + (int)choice.Experts[slot];
            target[place] = by[slot] * weights[slot] * (1 - weights[slot]);
        }

        return [byLogits, null!];
    }

    private static Tensor Choose(Tensor logits, Choice choice)
    {
        using var local = logits.contiguous();
        var weights = empty(logits.shape[0], choice.Active);                               // [tokens, K]
        var (source, target) = (new TensorRows(local), new TensorRows(weights));
        CpuWork.Each(source.Count, (first, end) =>
        {
            var (row, places, largest) = (new float[source.Width], new int[choice.Active], new float[choice.Active]);
            for (var token = first; token < end; token++)
            {
                source.Read(token, 0, row);
                LargestValues.Find(row, places, largest);
                for (var slot = 0; slot < places.Length; slot++)
                {
                    choice.Experts[token * choice.Active + slot] = places[slot];
                    largest[slot] = 1 / (1 + MathF.Exp(-largest[slot]));
                }

                target.Write(token, 0, largest);
            }
        });
        return weights;
    }

    private sealed record Choice(long[] Experts, int Active, long ExpertCount);
}
