namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class LanguageModelOptionsJsonTests
{
    [Fact]
    public void FromJson_AnEmptyObject_GivesTheDefaults() =>
        Assert.Equal(new LanguageModelOptions().ToJson(), LanguageModelOptions.FromJson("{}").ToJson());

    [Fact]
    public void FromJson_APart_LeavesTheRestAtItsDefault()
    {
        var options = LanguageModelOptions.FromJson(
            """{"model": {"layer_count": 2}, "feed_forward": {"expert_count": 8, "kind": "mixture-of-experts"}, "training": {"max_duration": "00:02:00"}}""");
        Assert.Equal(new ModelOptions { LayerCount = 2 }, options.Model);
        Assert.Equal(new MixtureOfExpertsOptions { ExpertCount = 8 }, options.FeedForward);
        Assert.Equal(new TrainingOptions { MaxDuration = TimeSpan.FromMinutes(2) }, options.Training);
    }

    [Fact]
    public void ToJson_ReadAgain_IsTheSame()
    {
        var options = new LanguageModelOptions { FeedForward = new DenseOptions { HiddenSize = 7 }, Tokenizer = new ByteTokenizerOptions() };
        Assert.Equal(options.ToJson(), LanguageModelOptions.FromJson(options.ToJson()).ToJson());
    }

    [Theory]
    [InlineData("", "options cannot be used")]
    [InlineData("null", "null")]
    [InlineData("[]", "options cannot be used")]
    [InlineData("{\"model\":{\"modelSize\":8}}", "config.json, such as model_size")]
    [InlineData("""{"layers": 2}""", "layers")]
    [InlineData("""{"model": null}""", "model")]
    [InlineData("""{"model": {"model_size": 5, "head_count": 1}}""", "must be even")]
    [InlineData("""{"feed_forward": {"kind": "magic"}}""", "magic")]
    public void FromJson_AMistake_NamesIt(string json, string part) => Assert.Contains(
        part,
        Assert.Throws<InvalidDataException>(() => LanguageModelOptions.FromJson(json)).Message,
        StringComparison.OrdinalIgnoreCase);
}
