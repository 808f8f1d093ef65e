using System.Text.Json;
using System.Text.Json.Nodes;

namespace Microsoft.ML.SigmaMoE;

/// <summary>A value that two records of options do not share.</summary>
/// <param name="Path">Where it stands: "Model.LayerCount".</param>
/// <param name="One">Its JSON in the first, "not set" where there is none.</param>
/// <param name="Other">Its JSON in the second.</param>
internal sealed record JsonDifference(string Path, string One, string Other);

/// <summary>Compares options by what they hold: lists with the same entries are equal, which records deny.</summary>
internal static class JsonDifferences
{
    /// <summary>Finds where two values differ, as JSON of a type.</summary>
    public static IEnumerable<JsonDifference> Between<T>(T one, T other) =>
        Between(JsonSerializer.SerializeToNode(one), JsonSerializer.SerializeToNode(other), "");

    private static IEnumerable<JsonDifference> Between(JsonNode? one, JsonNode? other, string path)
    {
        if (JsonNode.DeepEquals(one, other))
        {
            return [];
        }

        if (one is JsonObject first && other is JsonObject second)
        {
            return first.Select(pair => pair.Key).Union(second.Select(pair => pair.Key))
                .SelectMany(name => Between(first[name], second[name], path.Length == 0 ? name : $"{path}.{name}"));
        }

        return [new(path, Text(one), Text(other))];
    }

    private static string Text(JsonNode? node) => node?.ToJsonString() ?? "not set";
}
