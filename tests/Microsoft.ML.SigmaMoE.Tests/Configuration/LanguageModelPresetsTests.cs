using System.Reflection;
using System.Text.Json;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class LanguageModelPresetsTests
{
    /// <summary>Gets (name, the authors' name, parameters).</summary>
    public static TheoryData<string, string, long> Presets => new()
    {
        { nameof(LanguageModelPresets.Enwik8), "enwik8_sigma_moe", 41_240_805 },
        { nameof(LanguageModelPresets.Enwik8Dense), "enwik8_dense", 41_234_721 },
        { nameof(LanguageModelPresets.WikiText103Small), "wt103_small_sigma_moe", 47_260_248 },
        { nameof(LanguageModelPresets.WikiText103SmallDense), "wt103_small_dense", 47_260_136 },
        { nameof(LanguageModelPresets.WikiText103SmallManyExperts), "wt103_smallbig_sigma_moe", 237_004_376 },
        { nameof(LanguageModelPresets.WikiText103SmallManyExpertsDense), "wt103_smallbig_dense", 237_696_536 },
        { nameof(LanguageModelPresets.WikiText103Big), "wt103_big_sigma_moe", 262_461_284 },
        { nameof(LanguageModelPresets.WikiText103BigDense), "wt103_big_dense", 262_479_968 },
    };

    [Fact]
    public void Presets_OfTheClass_AreAllListedHere() =>
        Assert.Equal(All().Select(preset => preset.Name).Order(), Presets.Select(row => row.Data.Item1).Order());

    [Theory]
    [MemberData(nameof(Presets))]
    public void Preset_ByName_HasTheAuthorsShapeRecipeAndCount(string name, string authors, long parameters)
    {
        using var file = JsonDocument.Parse(
            File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Reference", "params.json")));
        var run = CaseSettings.Of(file.RootElement.GetProperty("presets").GetProperty(authors));
        var options = All().Single(preset => preset.Name == name).Options;
        options.Validate();
        Assert.Equal(parameters, ModelCost.Of(options.Model, options.FeedForward, run.Int("vocab")).Parameters);

        var shape = CaseOptions.Model(run);
        Assert.Equal(shape with { EvaluationMemoryLength = 4 * shape.SegmentLength }, options.Model);
        var block = CaseOptions.FeedForward(run);
        Assert.Equal(
            block is MixtureOfExpertsOptions mixture ? mixture with { Initialization = null } : block,
            options.FeedForward);
        Assert.Equal(run.NumberOr(0, "lr"), options.Training.LearningRate);
        Assert.Equal(run.NumberOr(0, "grad_clip"), options.Training.ClipNorm);
        Assert.Equal(
            (run.Int("batch_size"), run.Int("steps"), run.Int("warmup")),
            (options.Training.BatchSize, options.Training.MaxSteps!.Value, options.Training.WarmupSteps!.Value));
    }

    private static IEnumerable<(string Name, LanguageModelOptions Options)> All() => typeof(LanguageModelPresets)
        .GetProperties(BindingFlags.Public | BindingFlags.Static)
        .Select(property => (property.Name, (LanguageModelOptions)property.GetValue(null)!));
}
