using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>The number format of matrix multiplications. Weights, normalisation, softmax and losses are always float32.</summary>
[JsonConverter(typeof(EnumNameConverter<Precision>))]
public enum Precision
{
    /// <summary>bfloat16 where the processor or GPU multiplies it natively, else float32.</summary>
    Automatic,

    /// <summary>float32 everywhere.</summary>
    Float32,

    /// <summary>bfloat16 matrix multiplications with float32 accumulation over float32 master weights.</summary>
    [JsonStringEnumMemberName("bfloat16")]
    BFloat16,
}
