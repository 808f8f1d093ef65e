using TorchSharp;
using static TorchSharp.torch;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The K largest logits of each token and their sigmoids in one pass on the processor: libtorch's top-k alone takes a
/// third of a small layer's time. The gradient of weight s = σ(logit) is s (1 − s) at the chosen logits, 0 elsewhere.
/// </summary>
internal sealed unsafe class SigmoidTopK : GuardedFunction<SigmoidTopK>
{
    public override string Name => nameof(SigmoidTopK);

    /// <summary>
    /// Chooses experts, [tokens, K], int64, and weighs them, [tokens, K]; records a gradient only where one is wanted.
    /// </summary>
    /// <param name="logits">[tokens, experts], float32, on the processor.</param>
    /// <param name="active">K.</param>
    public static (Tensor Experts, Tensor Weights) Apply(Tensor logits, int active)
    {
        var experts = empty(logits.size(0), active, dtype: ScalarType.Int64);             // [tokens, K]
        return (experts, is_grad_enabled() ? apply(logits, experts) : Choose(logits, experts));
    }

    protected override Tensor Compute(autograd.AutogradContext ctx, object[] vars)
    {
        var (logits, experts) = ((Tensor)vars[0], (Tensor)vars[1]);
        var weights = Choose(logits, experts);
        ctx.save_for_backward([weights.detach(), experts]); // the output itself would hold the node that holds it
        ctx.save_data(nameof(Tensor.shape), logits.size(1));
        return weights;
    }

    protected override List<Tensor> Differentiate(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var (width, active) = ((long)ctx.get_data(nameof(Tensor.shape)), grad_output.size(1));
        using var gradient = grad_output.contiguous();
        var byLogits = zeros(grad_output.size(0), width);                                 // [tokens, experts]
        var saved = ctx.get_saved_variables();
        var weights = TensorMemory.Of<float>(saved[0]);
        var experts = TensorMemory.Of<long>(saved[1]);
        var by = TensorMemory.Of<float>(gradient);
        var target = TensorMemory.Of<float>(byLogits);
        for (var slot = 0L; slot < gradient.numel(); slot++)
        {
            target[slot / active * width + experts[slot]] = by[slot] * weights[slot] * (1 - weights[slot]);
        }

        return [byLogits, null!];
    }

    private static Tensor Choose(Tensor logits, Tensor experts)
    {
        using var local = logits.contiguous();
        var weights = empty(experts.shape);                                                // [tokens, K]
        var (width, active) = ((int)logits.size(1), (int)experts.size(1));
        var source = TensorMemory.Of<float>(local);
        var places = TensorMemory.Of<long>(experts);
        var target = TensorMemory.Of<float>(weights);
        CpuWork.Each(logits.size(0), (first, end) =>
        {
            using var search = new LargestInRows(width, active);
            search.Find(source + first * width, (int)(end - first), places + first * active, target + first * active);
            var found = new Span<float>(target + first * active, (int)(end - first) * active);
            TensorPrimitives.Sigmoid<float>(found, found);
        });
        return weights;
    }
}
