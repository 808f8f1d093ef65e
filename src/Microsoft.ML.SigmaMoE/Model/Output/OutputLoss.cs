using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The output layer and the mean cross entropy of its tokens, in float32 whatever number type the products are in. On
/// the processor loss and gradients are made together, without ever holding the logits of all tokens; elsewhere, and as
/// the truth, libtorch's operations are composed.
/// </summary>
internal static class OutputLoss
{
    /// <summary>Computes a scalar, in nats.</summary>
    /// <param name="hidden">[tokens, d_model], float32.</param>
    /// <param name="matrix">[V, d_model], float32.</param>
    /// <param name="bias">[V], float32.</param>
    /// <param name="targets">[tokens], int64.</param>
    /// <param name="linear">What matrices are multiplied by.</param>
    public static Tensor Apply(Tensor hidden, Tensor matrix, Tensor bias, Tensor targets, MixedLinear linear) =>
        !OutputBlocks.Take(hidden, matrix, linear.Type) ? Compose(hidden, matrix, bias, targets, linear)
        : is_grad_enabled() ? OutputLossFunction.Apply(hidden, matrix, bias, targets, linear.Type)
        : OutputLikelihoods.Of(hidden, matrix, bias, targets, linear).mean().neg();

    /// <summary>Computes the same by libtorch's operations.</summary>
    public static Tensor Compose(Tensor hidden, Tensor matrix, Tensor bias, Tensor targets, MixedLinear linear) =>
        nn.functional.cross_entropy(linear.Apply(hidden, matrix, bias), targets);
}
