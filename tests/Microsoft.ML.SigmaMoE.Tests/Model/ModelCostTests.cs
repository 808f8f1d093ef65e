using System.Text.Json;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class ModelCostTests
{
    public static TheoryData<string> Presets =>
        [.. PresetFile().RootElement.GetProperty("presets").EnumerateObject().Select(p => p.Name)];

    [Theory]
    [MemberData(nameof(Presets))]
    public void Parameters_OfThePapersModels_EqualTheAuthorsCount(string name)
    {
        using var file = PresetFile();
        AssertCounted(file.RootElement.GetProperty("presets").GetProperty(name));
    }

    [Fact]
    public void Parameters_OfAllRunsBehindThePaper_EqualTheAuthorsCounts()
    {
        using var file = PresetFile();
        var runs = file.RootElement.GetProperty("all_sweep_variants").EnumerateArray().ToList();
        Assert.Equal(142, runs.Count);
        Assert.All(runs, AssertCounted);
    }

    [Fact]
    public void Parameters_OfATinyNetwork_EqualWhatItHolds()
    {
        foreach (var block in TinyModel.Blocks)
        {
            using var network = TinyModel.Network(block);
            Assert.Equal(network.parameters().Sum(p => p.numel()), ModelCost.Of(TinyModel.Model, block, 11).Parameters);
        }
    }

    [Fact]
    public void DenseOfEqualParameters_OfThePapersMixture_IsThePapersDenseModel() =>
        Assert.InRange(ModelCost.DenseOfEqualParameters(new(), 412).HiddenSize, 2052, 2056);

    [Fact]
    public void FeedForwardMultiplyAdds_OfFourOfSixteenExperts_AreAQuarterAndTheRouter()
    {
        var mixture = ModelCost.Of(new() { ModelSize = 256 }, new MixtureOfExpertsOptions(), 100);
        Assert.Equal(4 * (2 * 4 * 256 * 128 + 16 * 256), mixture.FeedForwardMultiplyAdds);
        Assert.Equal(mixture.Parameters - 4L * 12 * 2 * 256 * 128, mixture.ActiveParameters);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Of_AbsurdSizes_OverflowsInsteadOfGoingAround(bool dense)
    {
        FeedForwardOptions block = dense
            ? new DenseOptions { HiddenSize = int.MaxValue }
            : new MixtureOfExpertsOptions { ExpertCount = int.MaxValue, ExpertSize = int.MaxValue, ActiveExperts = int.MaxValue };
        var model = TinyModel.Model with { ModelSize = int.MaxValue - 1, LayerCount = int.MaxValue };
        Assert.Throws<OverflowException>(() => ModelCost.Of(model, block, int.MaxValue));
        Assert.Throws<OverflowException>(() => ModelCost.Of(TinyModel.Model with { LayerCount = int.MaxValue, HeadCount = int.MaxValue, HeadSize = int.MaxValue }, TinyModel.Experts, 3));
    }

    private static void AssertCounted(JsonElement run)
    {
        var settings = CaseSettings.Of(run);
        var (model, block) = (CaseOptions.Model(settings), CaseOptions.FeedForward(settings));
        model.Validate();
        block.Validate();
        Assert.Equal(
            run.GetProperty("params").GetInt64(), ModelCost.Of(model, block, settings.Int("vocab")).Parameters);
    }

    private static JsonDocument PresetFile() =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Reference", "params.json")));
}
