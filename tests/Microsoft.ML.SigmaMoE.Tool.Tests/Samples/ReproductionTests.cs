using System.Runtime.CompilerServices;

namespace Microsoft.ML.SigmaMoE.Tool.Tests;

/// <summary>The recipes under samples/Reproduction.</summary>
public sealed class ReproductionTests
{
    private static readonly Dictionary<string, LanguageModelOptions> Presets = new()
    {
        ["enwik8"] = LanguageModelPresets.Enwik8,
        ["wikitext103-small"] = LanguageModelPresets.WikiText103Small,
        ["wikitext103-big"] = LanguageModelPresets.WikiText103Big,
    };

    public static TheoryData<string> Names => [.. Presets.Keys];

    // SIGMAMOE_WRITE_RECIPES=1 writes them anew
    [Theory]
    [MemberData(nameof(Names))]
    public void Recipe_OfAPaperModel_IsThePreset(string name)
    {
        var file = Path.Combine(Folder(), $"{name}.json");
        if (Environment.GetEnvironmentVariable("SIGMAMOE_WRITE_RECIPES") == "1")
        {
            File.WriteAllText(file, Presets[name].ToJson() + "\n");
        }

        Assert.Equal(Presets[name].ToJson(), Recipe.Read(file).ToJson());
    }

    [Fact]
    public void EveryRecipe_IsAMixtureThatCanBeCompared() => Assert.All(
        Directory.GetFiles(Folder(), "*.json"),
        file => Assert.NotEmpty(ComparisonPlan.Create(Recipe.Read(file), ComparedSystems.All, 1, new() { Files = [] }, "runs").Runs));

    private static string Folder([CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "samples", "Reproduction", "recipes");
}
