using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Which logits the entropy is taken of.</summary>
[JsonConverter(typeof(EnumNameConverter<EntropyScope>))]
public enum EntropyScope
{
    /// <summary>All experts', as the paper writes it.</summary>
    AllExperts,

    /// <summary>
    /// Only the K chosen logits, by the place at which top-k returned them rather than by expert. The authors' code
    /// does this where the softmax comes after top-k; it has little to do with how experts are used. With K = 1 it is
    /// always 0.
    /// </summary>
    ChosenExperts,
}
