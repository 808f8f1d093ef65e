using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The mean cross entropy of tokens, always in float32. On the processor one pass makes the loss and its gradient; elsewhere,
/// and as the truth, libtorch's operations do.
/// </summary>
internal static class TokenLoss
{
    /// <summary>Computes a scalar, in nats.</summary>
    /// <param name="logits">[tokens, V], before the bias.</param>
    /// <param name="bias">[V], float32.</param>
    /// <param name="targets">[tokens], int64.</param>
    public static Tensor Apply(Tensor logits, Tensor bias, Tensor targets) =>
        TensorRows.Fit(logits) && is_grad_enabled()
            ? TokenLossFunction.apply(logits, bias, targets)
            : Compose(logits, bias, targets);

    /// <summary>Computes the same by libtorch's operations.</summary>
    public static Tensor Compose(Tensor logits, Tensor bias, Tensor targets) =>
        nn.functional.cross_entropy(logits.to(ScalarType.Float32).Plus(bias), targets);
}
