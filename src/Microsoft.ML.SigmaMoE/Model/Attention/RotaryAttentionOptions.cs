namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Attention with rotary positions (Su et al. 2021) and biases, as the Hugging Face form of σ-MoE has it. Set
/// <see cref="ModelOptions.MemoryLength"/> to 0 for that form: its segments know nothing of each other.
/// </summary>
/// <remarks>
/// A new model begins with the paper's initial weights. The code of the Hugging Face form draws others (deviation
/// 2/√(d · layers) where the paper has √(2 / (d · layers)), and values by d_ff); models that are imported bring
/// theirs.
/// </remarks>
public sealed record RotaryAttentionOptions : AttentionOptions
{
    /// <summary>
    /// Gets the base of the angles: the pair i of r rotated numbers turns by position · Theta^(−2i / r).
    /// </summary>
    public double Theta { get; init; } = 10000;

    /// <summary>Gets which share of each head's numbers is rotated: the first ones, an even number of them.</summary>
    public double RotatedShare { get; init; } = 0.5;

    /// <summary>Gets whether queries and keys are normalised, head by head, before they are rotated.</summary>
    public bool NormalizeQueriesAndKeys { get; init; }

    internal int RotatedSize(int headSize) => (int)(RotatedShare * headSize);

    internal override void Validate(ModelOptions model)
    {
        if (!(Theta is > 0 and < double.PositiveInfinity))
        {
            throw new ArgumentOutOfRangeException(
                nameof(Theta), Theta, $"Theta is {Theta}; it must be a finite number above 0.");
        }

        if (!(RotatedShare is > 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(RotatedShare), RotatedShare,
                $"RotatedShare is {RotatedShare}; it must be above 0 and at most 1.");
        }

        if (RotatedSize(model.EffectiveHeadSize) is var size && (size == 0 || size % 2 != 0))
        {
            throw new ArgumentException(
                $"RotatedShare {RotatedShare} of a head of {model.EffectiveHeadSize} numbers is {size}; it must be an even number of at least 2.");
        }
    }

    // query, key and value in one matrix, and merging, each with a bias; two normalisations of a head
    internal override long Parameters(ModelOptions model)
    {
        var heads = checked((long)model.HeadCount * model.EffectiveHeadSize);
        var norms = NormalizeQueriesAndKeys ? 4 * model.EffectiveHeadSize : 0;
        return checked(4 * model.ModelSize * heads + 3 * heads + model.ModelSize + norms);
    }
}
