namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class LanguageModelTokensTests
{
    private const string Text = "a text that is longer than one segment";

    [Fact]
    public void Score_GivenTheIdsOfATextAfterTheSeparator_ScoresAsTheText()
    {
        using var model = TinyModel.Create();
        var (text, ids) = (model.Score(Text), model.Score([Document(model)])[0]);
        Assert.Equal(text.TokenLogLikelihoods, ids.TokenLogLikelihoods);
        Assert.Equal(text.TokenCount, ids.TokenCount);
        Assert.Equal(text.Perplexity, ids.Perplexity);
        Assert.Equal(0, ids.ByteCount);
        Assert.Equal(double.NaN, ids.BitsPerByte);
    }

    [Fact]
    public void Score_GivenRowsOfIds_PredictsAllButTheFirst()
    {
        using var model = TinyModel.Create();
        int[][] rows = [[1, 2, 3], [], [4], [7, 8, 9, 10, 11, 12]];
        var scores = model.Score(rows);
        Assert.Equal([2, 0, 0, 5], scores.Select(score => score.TokenCount));
        Assert.Equal([2, 0, 0, 5], scores.Select(score => score.TokenLogLikelihoods.Length));
        Assert.All(
            rows.Zip(scores),
            pair => Assert.Equal(model.Score([pair.First])[0].LogLikelihood, pair.Second.LogLikelihood, 1e-4));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(257)]
    public void Score_GivenAnIdOutsideTheVocabulary_SaysWhereItIs(int id)
    {
        using var model = TinyModel.Create();
        var fault = Assert.Throws<ArgumentOutOfRangeException>(() => model.Score([[1], [2, 3, id]]));
        Assert.Contains(
            $"Token 2 of row 1 is {id}; the model's tokens are 0 to 256", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Embed_GivenTheIdsOfATextAfterTheSeparator_GivesItsFeatures()
    {
        using var model = TinyModel.Create();
        Assert.Equal(model.Embed([Text])[0], model.Embed([Document(model)])[0]);
        Assert.All(model.Embed([[3]])[0], value => Assert.Equal(0, value));
    }

    [Fact]
    public void GenerateTokens_GivenTheIdsOfAPrompt_ContinuesAsItsText()
    {
        using var model = TinyModel.Create();
        var options = new GenerationOptions { Seed = 5, MaxTokens = 30 };
        var tokens = model.GenerateTokens(Document(model), options).ToArray();
        Assert.InRange(tokens.Length, 1, 30);
        Assert.Equal(
            model.Generate(Text, options),
            model.Tokenizer.Decode([.. model.Tokenizer.Encode(Text), .. tokens])[Text.Length..]);
    }

    [Fact]
    public void GenerateTokens_GivenNothingOrTextsToStopAt_Refuses()
    {
        using var model = TinyModel.Create();
        Assert.Throws<ArgumentOutOfRangeException>(() => model.GenerateTokens([]));
        Assert.Throws<ArgumentOutOfRangeException>(() => model.GenerateTokens([1000]));
        var fault = Assert.Throws<ArgumentException>(
            () => model.GenerateTokens([1], new() { StopSequences = ["end"] }));
        Assert.Contains("StopSequences", fault.Message, StringComparison.Ordinal);
    }

    private static int[] Document(LanguageModel model) =>
        [model.Tokenizer.SeparatorId, .. model.Tokenizer.Encode(Text)];
}
