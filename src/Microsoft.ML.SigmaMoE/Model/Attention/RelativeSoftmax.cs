using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Attention probabilities from logits by content and logits by relative position: shift, add, hide what is not
/// visible, softmax. On the processor one pass does it all; elsewhere, and as the truth, libtorch's operations do.
/// </summary>
internal static class RelativeSoftmax
{
    /// <summary>Computes probabilities in the type of the logits.</summary>
    /// <param name="content">[batch, heads, T, S].</param>
    /// <param name="byPosition">[batch, heads, T, S], before <see cref="RelativePositions.Shift"/>.</param>
    /// <param name="positions">The positions of the segment.</param>
    /// <returns>[batch, heads, T, S].</returns>
    public static Tensor Apply(Tensor content, Tensor byPosition, RelativePositions positions) =>
        TensorRows.Fit(content)
            ? RelativeSoftmaxFunction.Apply(content, byPosition, positions.Windows)
            : Compose(content, byPosition, positions);

    /// <summary>Computes the same by libtorch's operations, with the softmax in float32.</summary>
    public static Tensor Compose(Tensor content, Tensor byPosition, RelativePositions positions)
    {
        var logits = content.to(ScalarType.Float32).Plus(RelativePositions.Shift(byPosition).to(ScalarType.Float32));
        return logits.Fill(positions.Windows.Hidden(logits.device), double.NegativeInfinity)
            .softmax(-1)
            .to(content.dtype);
    }
}
