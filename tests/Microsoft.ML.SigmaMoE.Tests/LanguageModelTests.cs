using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class LanguageModelTests
{
    [Fact]
    public void Score_GivenTexts_KeepsTheirOrderAndCounts()
    {
        using var model = TinyModel.Create();
        string[] texts = ["a much longer text, longer than one segment", "b", "", "zwei"];
        var scores = model.Score(texts);
        Assert.Equal(texts.Select(text => text.Length), scores.Select(score => score.TokenCount));
        foreach (var (text, score) in texts.Zip(scores))
        {
            var alone = model.Score(text);
            Assert.Equal(alone.LogLikelihood, score.LogLikelihood, 1e-4);
            Assert.Equal(score.TokenLogLikelihoods.Length, text.Length);
            Assert.All(score.TokenLogLikelihoods, value => Assert.InRange(value, -100, 0));
        }
    }

    [Fact]
    public void Score_GivenAnEmptyOrMissingText_IsZeroTokensAndNoPerplexity()
    {
        using var model = TinyModel.Create();
        var scores = model.Score(["", null!]);
        Assert.All(scores, score =>
        {
            Assert.Equal(0, score.TokenCount);
            Assert.Equal(0, score.LogLikelihood);
            Assert.Equal(double.NaN, score.Perplexity);
            Assert.Equal(double.NaN, score.BitsPerByte);
        });
    }

    [Fact]
    public void Score_GivenBytes_MeasuresPerplexityPerTokenAndBitsPerByte()
    {
        using var model = TinyModel.Create();
        var score = model.Score("any text");
        Assert.Equal(Math.Exp(-score.LogLikelihood / 8), score.Perplexity, 1e-9);
        Assert.Equal(Math.Log2(score.Perplexity), score.BitsPerByte, 1e-9);
    }

    [Fact]
    public void Embed_GivenTexts_GivesOneVectorATextAndZerosForNone()
    {
        using var model = TinyModel.Create();
        var vectors = model.Embed(["one", "", "two"], new() { Pooling = PoolingKind.MeanAndMax });
        Assert.All(vectors, vector => Assert.Equal(16, vector.Length));
        Assert.All(vectors[1], value => Assert.Equal(0, value));
        Assert.NotEqual(vectors[0], vectors[2]);
    }

    [Fact]
    public void Embed_GivenALayerThatIsNotThere_SaysWhichThereAre()
    {
        using var model = TinyModel.Create();
        var fault = Assert.Throws<ArgumentOutOfRangeException>(() => model.Embed(["a"], new() { Layer = 3 }));
        Assert.Contains("1 to 2", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Dispose_CalledTwice_IsFineAndUseAfterwardsIsNot()
    {
        var model = TinyModel.Create();
        model.Dispose();
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => model.Score("a"));
    }

    [Theory]
    [InlineData(Precision.TensorFloat32)]
    [InlineData(Precision.Float16)]
    public void Precision_OfGpusAlone_IsSavedAndScoresAsFloat32OnTheProcessor(Precision precision)
    {
        using var folder = new TemporaryFolder();
        using var exact = TinyModel.CreateIn(Precision.Float32);
        using var model = TinyModel.CreateIn(precision);
        model.Save(folder.Path);
        using var loaded = LanguageModel.Load(folder.Path);
        Assert.Equal(precision, loaded.Options.Precision);
        Assert.Equal(exact.Score("a text").LogLikelihood, loaded.Score("a text").LogLikelihood);
    }

    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.BFloat16)]
    public void Score_FromSixteenThreads_GivesTheResultsOfOne(Precision precision)
    {
        using var model = TinyModel.CreateIn(precision);
        string[] texts =
            [.. Enumerable.Range(0, 40).Select(i => string.Concat(Enumerable.Repeat($"text {i} ", 1 + i % 5)))];
        var wanted = model.Score(texts);
        Assert.All(SixteenThreads.Run(_ => model.Score(texts)), scores => Assert.Equal(
            wanted.Select(score => score.LogLikelihood), scores.Select(score => score.LogLikelihood)));
    }
}
