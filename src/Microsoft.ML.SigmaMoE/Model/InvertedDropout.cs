using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Sets each number to zero with a probability p and scales the others by 1 / (1 − p), in training only. Draws from the
/// network's own <see cref="Randomness"/>, so that training can be repeated and resumed bit for bit.
/// </summary>
internal sealed class InvertedDropout(double probability, Randomness randomness)
    : nn.Module<Tensor, Tensor>(nameof(InvertedDropout))
{
    /// <summary>Gets whether this module changes anything now.</summary>
    public bool IsActive => training && probability > 0;

    public override Tensor forward(Tensor x) => IsActive ? x * Mask(x.shape) : x.alias();

    /// <summary>Draws factors: 0 where dropped, 1 / (1 − p) elsewhere.</summary>
    public Tensor Mask(long[] shape) =>
        randomness.Uniform(shape).IsBelow(probability).logical_not().to(ScalarType.Float32).Over(1 - probability);
}
