using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>The number format of matrix multiplications. Weights, normalisation, softmax and losses are always float32.</summary>
[JsonConverter(typeof(EnumNameConverter<Precision>))]
public enum Precision
{
    /// <summary>
    /// bfloat16 where the processor or GPU multiplies it faster than float32, else float32. Of Intel's processors those with
    /// matrix units (AMX) do, of AMD's all that know bfloat16 (Zen 4 and later).
    /// </summary>
    Automatic,

    /// <summary>float32 everywhere.</summary>
    Float32,

    /// <summary>bfloat16 matrix multiplications with float32 accumulation over float32 master weights.</summary>
    [JsonStringEnumMemberName("bfloat16")]
    BFloat16,
}
