namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// How a mixture's weights begin: normal numbers of standard deviation w/√d_model into the experts and in the selection
/// matrix, w/√(width) out of the experts, w = √(2 · <see cref="VarianceScale"/> / layers).
/// </summary>
public sealed record ExpertInitializationOptions
{
    /// <summary>
    /// Gets σ-MoE's (section 5 of the paper): as if the experts were one dense layer, no expert ahead of another.
    /// </summary>
    public static ExpertInitializationOptions SigmaMoE { get; } = new();

    /// <summary>Gets the paper's ablation "standard init": each expert is scaled as a layer of its own.</summary>
    public static ExpertInitializationOptions Standard { get; } = new() { ExpertScaledAlone = true };

    /// <summary>Gets that of the paper's Switch Transformers: each expert alone, at a tenth of the variance.</summary>
    /// <remarks>The big Switch models on C4 and peS2o were not begun so, but as <see cref="Standard"/>.</remarks>
    public static ExpertInitializationOptions Switch { get; } =
        new() { ExpertScaledAlone = true, EqualSelectionRows = false, VarianceScale = 0.1 };

    /// <summary>
    /// Gets whether all rows of the selection matrix begin with the same length, the overall deviation unchanged.
    /// </summary>
    public bool EqualSelectionRows { get; init; } = true;

    /// <summary>
    /// Gets whether the width out of an expert is its own (G) rather than that of all experts together (E · G).
    /// </summary>
    public bool ExpertScaledAlone { get; init; }

    /// <summary>Gets the factor on the variance of all of the mixture's weights.</summary>
    public double VarianceScale { get; init; } = 1;

    internal void Validate() => OptionChecks.ThrowIfNotFinite(VarianceScale);
}
