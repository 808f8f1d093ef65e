using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The signs inside the logarithmic sums of Sinkhorn's iteration over a matrix X of T tokens and E experts.
/// </summary>
[JsonConverter(typeof(EnumNameConverter<SinkhornSigns>))]
public enum SinkhornSigns
{
    /// <summary>
    /// b_t = ln T − ln Σ_e exp(X_te − a_e), a_e = ln E − ln Σ_t exp(X_te − b_t), as the σ-MoE authors' code has it. It
    /// balances somewhat within three iterations (the experts' masses vary by 58 %) and breaks down with many.
    /// </summary>
    AuthorsCode,

    /// <summary>
    /// The usual algorithm, with plus signs: every expert gets the same mass, up to the last iteration's rounding.
    /// </summary>
    Textbook,
}
