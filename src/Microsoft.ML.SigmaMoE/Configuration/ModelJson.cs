using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    RespectNullableAnnotations = true,
    AllowDuplicateProperties = false,
    AllowOutOfOrderMetadataProperties = true,
    WriteIndented = true)]
[JsonSerializable(typeof(ModelConfiguration))]
[JsonSerializable(typeof(LanguageModelOptions))]
[JsonSerializable(typeof(IReadOnlyList<TrainingProgress>))]
internal sealed partial class ModelJson : JsonSerializerContext;
