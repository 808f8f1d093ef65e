namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class LanguageModelingCatalogTests
{
    private readonly MLContext _context = new(1);

    [Fact]
    public void Evaluate_ScoredRows_AddsThemUp()
    {
        var documents = Document.Many(50);
        documents[1].Text = "Grüße";
        using var transformer = new FakeTransformer(_context, new FakeScorer());
        var view = transformer.Transform(_context.Data.LoadFromEnumerable(documents));
        var metrics = _context.LanguageModeling.Evaluate(view);
        var scores = documents.Select(document => FakeScorer.Score(document.Text!)).ToArray();
        Assert.Equal(50, metrics.RowCount);
        Assert.Equal(scores.Sum(score => score.TokenCount), metrics.TokenCount);
        Assert.Equal(scores.Sum(score => score.ByteCount), metrics.ByteCount);
        Assert.Equal(scores.Sum(score => score.LogLikelihood), metrics.LogLikelihood, precision: 3);
    }

    [Fact]
    public void Metrics_AreThoseOfAllTokensTogether()
    {
        var metrics = new LanguageModelMetrics { RowCount = 2, TokenCount = 10, ByteCount = 40, LogLikelihood = -20 };
        Assert.Equal(2, metrics.CrossEntropy);
        Assert.Equal(Math.Exp(2), metrics.Perplexity);
        Assert.Equal(0.5 / Math.Log(2), metrics.BitsPerByte, precision: 12);
    }

    [Fact]
    public void Evaluate_NoRows_GivesNoNumbers()
    {
        using var transformer = new FakeTransformer(_context, new FakeScorer());
        var view = transformer.Transform(_context.Data.LoadFromEnumerable<Document>([]));
        var metrics = _context.LanguageModeling.Evaluate(view);
        Assert.Equal(0, metrics.RowCount);
        Assert.Equal(double.NaN, metrics.Perplexity);
        Assert.Equal(double.NaN, metrics.BitsPerByte);
    }

    [Theory]
    [InlineData("Nothing", "LogLikelihood", "TokenCount", "'Nothing'")]
    [InlineData("Text", "TokenCount", "TokenCount", "'TokenCount' of type Single")]
    [InlineData("Text", "LogLikelihood", "Missing", "'Missing' of type Int32")]
    public void Evaluate_WrongColumn_NamesIt(string text, string likelihood, string tokens, string message)
    {
        using var transformer = new FakeTransformer(_context, new FakeScorer());
        var view = transformer.Transform(_context.Data.LoadFromEnumerable(Document.Many(1)));
        var fault = Assert.Throws<ArgumentOutOfRangeException>(() =>
            _context.LanguageModeling.Evaluate(view, text, likelihood, tokens));
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_SavedModel_ScoresTheSame()
    {
        using var folder = new TemporaryFolder();
        using var model = TinyModel.Create();
        model.Save(folder.Path);
        using var loaded = _context.LanguageModeling.Load(folder.Path);
        Assert.Equal(model.Score("a text").TokenLogLikelihoods, loaded.Score("a text").TokenLogLikelihoods);
        Assert.Equal(model.Options, loaded.Options);
    }

    [Fact]
    public void Load_ContextWithAGpuThatIsNotThere_SaysWhatToDo()
    {
        using var folder = new TemporaryFolder();
        using var model = TinyModel.Create();
        model.Save(folder.Path);
        _context.GpuDeviceId = 99;
        _context.FallbackToCpu = false;
        var fault = Assert.Throws<InvalidOperationException>(() => _context.LanguageModeling.Load(folder.Path));
        Assert.Contains("FallbackToCpu", fault.Message, StringComparison.Ordinal);
        _context.FallbackToCpu = true;
        using var loaded = _context.LanguageModeling.Load(folder.Path);
        Assert.Equal(1, loaded.Score("a").TokenCount);
    }
}
