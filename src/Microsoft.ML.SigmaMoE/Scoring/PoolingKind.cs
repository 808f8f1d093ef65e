using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>How the hidden vectors of a row's tokens become one feature vector.</summary>
[JsonConverter(typeof(EnumNameConverter<PoolingKind>))]
public enum PoolingKind
{
    /// <summary>Their mean (d_model numbers).</summary>
    Mean,

    /// <summary>Their maximum, slot by slot (d_model numbers).</summary>
    Max,

    /// <summary>The vector of the last token (d_model numbers).</summary>
    Last,

    /// <summary>Mean, then maximum (2 · d_model numbers).</summary>
    MeanAndMax,

    /// <summary>
    /// The mean of the products of every two slots, a slot with itself included: d_model · (d_model + 1) / 2 numbers,
    /// the upper triangle of a symmetric matrix row by row. It tells apart much more than the mean, and takes that much
    /// more room.
    /// </summary>
    SecondMoment,
}
