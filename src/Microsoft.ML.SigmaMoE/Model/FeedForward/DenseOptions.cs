namespace Microsoft.ML.SigmaMoE;

/// <summary>The ordinary two-layer block, W₂ · φ(W₁ x + b₁) + b₂.</summary>
public sealed record DenseOptions : FeedForwardOptions
{
    /// <summary>Gets the width of the hidden layer (d_ff).</summary>
    public int HiddenSize { get; init; } = 1024;

    /// <summary>Gets whether both layers have biases, as the paper's do.</summary>
    public bool Bias { get; init; } = true;

    /// <summary>Gets the activation (φ).</summary>
    public Activation Activation { get; init; }

    internal override void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(HiddenSize);
        OptionChecks.ThrowIfNotDefined(Activation);
    }
}
