using Microsoft.ML;

namespace QuickStart.Tests;

public sealed class ModelRecipeTests
{
    [Theory]
    [InlineData(13_000_000, 16)]
    [InlineData(12_000, 7)]
    [InlineData(200, 1)]
    public void For_LittleText_ReadsItInFewerStreams(long bytes, int streams) =>
        Assert.Equal(streams, ModelRecipe.For(TimeSpan.FromSeconds(1), bytes, seed: 1).Mixture.Training.BatchSize);

    [Fact]
    public void Run_AHundredShortLines_Trains()
    {
        var words = "one two three four five six seven eight nine ten".Split(' ');
        var documents = Enumerable.Range(0, 100)
            .Select(i => new Document($"{words[i % 10]} {words[i / 10]} and {words[i * 7 % 10]}", null, $"{i}", ""));
        var split = CorpusSplit.By(documents, document => document.Id, 10);
        var recipe = ModelRecipe.For(TimeSpan.FromSeconds(0.5), split.TrainingBytes, seed: 1);
        var model = Training(split).Run("σ-MoE", recipe.Mixture, new Reports());
        Assert.InRange(model.Test.Perplexity, 1, 1000);
        Assert.True(model.Test.TokenCount > 0);
        model.Transformer.Dispose();
    }

    [Fact]
    public void Run_TextWithoutEnoughTokens_IsOneLineForTheUser()
    {
        var split = new CorpusSplit(
            [new Document("too short", null, "1", "")], [], [new Document("text", null, "2", "")]);
        var recipe = ModelRecipe.For(TimeSpan.FromSeconds(0.5), split.TrainingBytes, seed: 1);
        var fault = Assert.Throws<UserException>(() => Training(split).Run("σ-MoE", recipe.Mixture, new Reports()));
        Assert.Contains("SegmentLength 128 needs at least", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }

    private sealed class Reports : IProgress<WorkState>
    {
        public void Report(WorkState value)
        {
        }
    }

    private static ModelTraining Training(CorpusSplit split) =>
        new(new MLContext(seed: 1), split, Plan.For(new() { Quick = true }));
}
