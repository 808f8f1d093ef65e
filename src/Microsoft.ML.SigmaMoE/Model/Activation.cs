using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What stands between the two layers of a feed-forward block or an expert (φ).</summary>
[JsonConverter(typeof(EnumNameConverter<Activation>))]
public enum Activation
{
    /// <summary>max(0, x), as in the paper.</summary>
    Relu,

    /// <summary>x · Φ(x), Φ the normal distribution function.</summary>
    Gelu,

    /// <summary>½ x (1 + tanh(√(2/π) (x + 0.044715 x³))): "gelu_new" of the Hugging Face models.</summary>
    GeluTanh,

    /// <summary>x · σ(x), also called swish.</summary>
    Silu,
}
