using System.Text.Json;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Finds the configuration of a case.</summary>
internal static class CaseConfig
{
    /// <summary>
    /// Gets the file: a case of a Hugging Face model keeps that model's config.json and describes itself in case.json.
    /// </summary>
    public static string PathIn(string folder)
    {
        var own = Path.Combine(folder, "case.json");
        return File.Exists(own) ? own : Path.Combine(folder, "config.json");
    }

    public static JsonDocument Open(string folder) => JsonDocument.Parse(File.ReadAllText(PathIn(folder)));
}
