using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What a pass over the output layer gives.</summary>
/// <param name="Loss">The mean cross entropy.</param>
/// <param name="ByHidden">Its gradient by the hidden states, [tokens, d_model], float32.</param>
/// <param name="ByMatrix">By the output matrix, [V, d_model], float32.</param>
/// <param name="ByBias">By the bias, [V], float32.</param>
internal readonly record struct OutputGradients(double Loss, Tensor ByHidden, Tensor ByMatrix, Tensor ByBias);

/// <summary>
/// <see cref="OutputLoss"/> as one step of automatic differentiation. The gradient by a row of logits,
/// (softmax − one at the target) / tokens, needs what the loss needs: both are made in the forward pass, while the row
/// is in the cache, and the gradients by the operands from it.
/// </summary>
internal sealed class OutputLossFunction : GuardedFunction<OutputLossFunction>
{
    public override string Name => nameof(OutputLossFunction);

    /// <summary>
    /// Computes the loss and all gradients. The matrix may take over its gradient as it was saved: a graph that is
    /// retained for a second backward pass is refused by libtorch if gradients have been added up meanwhile.
    /// </summary>
    /// <param name="hidden">[tokens, d_model], float32.</param>
    /// <param name="matrix">[V, d_model], float32.</param>
    /// <param name="bias">[V], float32.</param>
    /// <param name="targets">[tokens], int64.</param>
    /// <param name="type">The number type of products.</param>
    public static Tensor Apply(Tensor hidden, Tensor matrix, Tensor bias, Tensor targets, ScalarType type) =>
        apply(hidden, AsView(matrix), bias, targets, type);

    protected override Tensor Compute(autograd.AutogradContext ctx, object[] vars)
    {
        var (hidden, matrix, bias) =
            (((Tensor)vars[0]).contiguous(), ((Tensor)vars[1]).contiguous(), ((Tensor)vars[2]).contiguous());
        var (targets, type) = (((Tensor)vars[3]).contiguous(), (ScalarType)vars[4]);
        var result = type == ScalarType.BFloat16 && Brgemm.IsAvailable
            ? OutputTiles.Run(hidden, matrix, bias, targets)
            : OutputBlocks.Run(hidden, matrix, bias, targets, type);
        ctx.save_for_backward([result.ByHidden, result.ByMatrix, result.ByBias]);
        return tensor((float)result.Loss);
    }

    protected override List<Tensor> Differentiate(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var scale = grad_output.item<float>();
        var saved = ctx.get_saved_variables();
        return [.. saved.Select(gradient => scale == 1 ? gradient : gradient.Times(scale)), null!, null!];
    }
}
