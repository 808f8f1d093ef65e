namespace Microsoft.ML.SigmaMoE;

/// <summary>The ordinary two-layer block, W₂ · relu(W₁ x + b₁) + b₂.</summary>
public sealed record DenseOptions : FeedForwardOptions
{
    /// <summary>Gets the width of the hidden layer (d_ff).</summary>
    public int HiddenSize { get; init; } = 1024;

    internal override void Validate() => ArgumentOutOfRangeException.ThrowIfNegativeOrZero(HiddenSize);
}
