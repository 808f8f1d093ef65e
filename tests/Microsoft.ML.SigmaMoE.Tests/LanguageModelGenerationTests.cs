namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class LanguageModelGenerationTests
{
    private static readonly GenerationOptions Options = new() { Seed = 7, MaxTokens = 25, StopAtSeparator = false };

    [Fact]
    public void Generate_GivesThePiecesOfTheStreamTogether()
    {
        using var model = TinyModel.Create();
        var pieces = model.GenerateStreaming("begin", Options).ToList();
        Assert.True(pieces.Count > 1);
        Assert.Equal(string.Concat(pieces), model.Generate("begin", Options));
    }

    [Fact]
    public void Generate_WithoutOptions_TakesTheDefaults()
    {
        using var model = TinyModel.Create();
        Assert.InRange(model.Tokenizer.CountTokens(model.Generate("begin")), 0, 3 * new GenerationOptions().MaxTokens);
    }

    [Fact]
    public void Generate_FromSixteenThreads_GivesTheResultsOfOne()
    {
        using var model = TinyModel.Create();
        var expected = Enumerable.Range(0, 16)
            .Select(seed => model.Generate("a", Options with { Seed = seed }))
            .ToArray();
        var actual = SixteenThreads.Run(seed => model.Generate("a", Options with { Seed = seed }), rounds: 1);
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void GenerateStreaming_OfWhatIsInvalid_ThrowsBeforeItIsEnumerated()
    {
        using var model = TinyModel.Create();
        Assert.Throws<ArgumentOutOfRangeException>(() => model.GenerateStreaming("", new() { TopP = 2 }));
        Assert.Throws<ArgumentNullException>(() => model.GenerateStreaming(null!));
    }

    [Fact]
    public void GenerateStreaming_WhenTheModelIsDisposedMeanwhile_EndsInPeace()
    {
        var model = TinyModel.Create();
        var expected = model.Generate("begin", Options);
        using var pieces = model.GenerateStreaming("begin", Options).GetEnumerator();
        Assert.True(pieces.MoveNext());
        model.Dispose();
        var text = pieces.Current;
        while (pieces.MoveNext())
        {
            text += pieces.Current;
        }

        Assert.Equal(expected, text);
        Assert.Throws<ObjectDisposedException>(() => model.GenerateStreaming("begin"));
    }

    [Fact]
    public void Generate_AfterSaveAndLoad_GivesTheSameText()
    {
        using var folder = new TemporaryFolder();
        using var model = TinyModel.Create();
        model.Save(folder.Path);
        using var loaded = LanguageModel.Load(folder.Path);
        Assert.Equal(model.Generate("begin", Options), loaded.Generate("begin", Options));
    }
}
