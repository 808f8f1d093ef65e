using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What a transformer does with its model, as it is saved beside it.</summary>
internal sealed record ScoringOptions
{
    /// <summary>Gets the name of the text column.</summary>
    public required string InputColumn { get; init; }

    /// <summary>Gets the names of the added columns.</summary>
    public required OutputColumns Columns { get; init; }

    /// <summary>Gets how features are made.</summary>
    public required FeatureOptions Features { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, ScoringJson.Default.ScoringOptions);

    /// <exception cref="InvalidDataException">It is no JSON of these options.</exception>
    public static ScoringOptions FromJson(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, ScoringJson.Default.ScoringOptions)
                ?? throw new InvalidDataException("The saved transformer has no options.");
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException($"The saved transformer's options cannot be read: {fault.Message}", fault);
        }
    }
}

[JsonSourceGenerationOptions(RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ScoringOptions))]
internal sealed partial class ScoringJson : JsonSerializerContext;
