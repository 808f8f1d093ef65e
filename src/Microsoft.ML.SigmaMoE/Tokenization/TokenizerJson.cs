using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    AllowDuplicateProperties = false,
    WriteIndented = true)]
[JsonSerializable(typeof(TokenizerHeader))]
[JsonSerializable(typeof(Dictionary<string, int>))]
internal sealed partial class TokenizerJson : JsonSerializerContext;
