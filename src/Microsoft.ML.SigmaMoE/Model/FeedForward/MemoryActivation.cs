using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What turns the scores of a product-key memory into weights of its values.</summary>
[JsonConverter(typeof(EnumNameConverter<MemoryActivation>))]
public enum MemoryActivation
{
    /// <summary>max(0, score): the paper's change, which makes the memory an approximation of a dense layer.</summary>
    Relu,

    /// <summary>A softmax over all scores of a token, as in the original memory of Lample et al. 2019.</summary>
    Softmax,
}
