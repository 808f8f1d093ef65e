using System.IO.Compression;
using Microsoft.ML.Data;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class LanguageModelTransformerTests : IDisposable
{
    private readonly MLContext _context = new(1);
    private readonly IDataView _data;
    private readonly LanguageModelTransformer _transformer;

    public LanguageModelTransformerTests()
    {
        _data = _context.Data.LoadFromEnumerable(Document.Many(24));
        using var model = TinyModel.Create();
        _transformer = Fit(model);
    }

    public void Dispose() => _transformer.Dispose();

    [Fact]
    public void Load_InAFreshProcess_GivesTheSamePerplexities()
    {
        using var folder = new TemporaryFolder();
        var copy = _context.Transforms.CopyColumns("Copy", "Text").Fit(_data);
        var chain = new TransformerChain<ITransformer>(copy, _transformer);
        _context.Model.Save(chain, _data.Schema, folder.File("model.zip"));
        using var engine = Engine(_transformer);
        string[] texts = ["a quick fox", "", "Grüße aus \U0001F680 Köln"];
        var perplexities = FreshProcess.Perplexities(folder.File("model.zip"), texts);
        Assert.Equal(texts.Length, perplexities.Length);
        foreach (var (text, perplexity) in texts.Zip(perplexities))
        {
            // relative: another process may run libtorch with another number of threads, and so add in another order
            var expected = engine.Predict(new() { Text = text }).Perplexity;
            Assert.Equal(float.IsNaN(expected), float.IsNaN(perplexity));
            Assert.Equal(1, float.IsNaN(expected) ? 1 : perplexity / expected, tolerance: 1e-5);
        }
    }

    [Fact]
    public void Save_ArchiveHoldsTheFilesOfAModelFolder()
    {
        using var folder = new TemporaryFolder();
        _context.Model.Save(_transformer, _data.Schema, folder.File("model.zip"));
        using var archive = ZipFile.OpenRead(folder.File("model.zip"));
        string[] names = [.. archive.Entries.Select(entry => entry.Name)];
        Assert.Contains("config.json", names);
        Assert.Contains("model.safetensors", names);
    }

    [Fact]
    public void Load_ArchiveWithoutTheWeights_SaysWhatIsMissing()
    {
        using var folder = new TemporaryFolder();
        _context.Model.Save(_transformer, _data.Schema, folder.File("model.zip"));
        using (var archive = ZipFile.Open(folder.File("model.zip"), ZipArchiveMode.Update))
        {
            archive.Entries.Single(entry => entry.Name == "model.safetensors").Delete();
        }

        var fault = Record.Exception(() => _context.Model.Load(folder.File("model.zip"), out _));
        Assert.Contains("model.safetensors", fault?.ToString(), StringComparison.Ordinal);
        Assert.IsType<FileNotFoundException>(fault?.GetBaseException());
    }

    [Theory]
    [InlineData("a lone surrogate \uD83D and more")]
    [InlineData("\0\t\r\n \uFEFF")]
    [InlineData("   ")]
    [InlineData("الكتاب 本 \U0001F9D1\u200D\U0001F680")]
    public void Transform_StrangeText_GivesWhatTheModelGives(string text)
    {
        var view = _transformer.Transform(_context.Data.LoadFromEnumerable([new Document { Text = text }]));
        var row = _context.Data.CreateEnumerable<Scores>(view, reuseRowObject: false).Single();
        Assert.Equal((float)_transformer.Model.Score(text).LogLikelihood, row.LogLikelihood);
        Assert.True(float.IsFinite(row.Perplexity));
    }

    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.BFloat16)]
    public void Transform_FromSixteenThreads_GivesTheResultsOfOne(Precision precision)
    {
        using var model = TinyModel.CreateIn(precision);
        using var transformer = Fit(model);
        var expected = Rows();
        Assert.All(SixteenThreads.Run(_ => Rows()), actual => Assert.Equal(expected, actual));

        string[] Rows() =>
        [
            .. _context.Data.CreateEnumerable<Scores>(transformer.Transform(_data), reuseRowObject: false)
                .Select(row => string.Join(' ', [row.LogLikelihood, .. row.Features, .. row.ExpertUsage])),
        ];
    }

    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.BFloat16)]
    public void Predict_FromSixteenEngines_GivesTheResultsOfOne(Precision precision)
    {
        using var model = TinyModel.CreateIn(precision);
        using var transformer = Fit(model);
        string[] texts = [.. Enumerable.Range(0, 12).Select(number => $"text number {number}")];
        var expected = Perplexities();
        Assert.All(SixteenThreads.Run(_ => Perplexities()), actual => Assert.Equal(expected, actual));

        float[] Perplexities()
        {
            using var engine = Engine(transformer);
            return [.. texts.Select(text => engine.Predict(new() { Text = text }).Perplexity)];
        }
    }

    [Fact]
    public void Dispose_Twice_IsFineAndUseAfterwardsIsNot()
    {
        _transformer.Dispose();
        _transformer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => _transformer.Transform(_data));
        Assert.Throws<ObjectDisposedException>(() => _transformer.GetOutputSchema(_data.Schema));
        Assert.Throws<ObjectDisposedException>(() => _transformer.Model);
        Assert.Throws<ObjectDisposedException>(() => Engine(_transformer));
        using var archive = new MemoryStream();
        Assert.Throws<ObjectDisposedException>(() => _context.Model.Save(_transformer, _data.Schema, archive));
    }

    [Fact]
    public void Dispose_ViewMadeBefore_CannotBeScoredAnyMore()
    {
        var view = _transformer.Transform(_data);
        _transformer.Dispose();
        var fault = Assert.Throws<ObjectDisposedException>(() => view.GetColumn<float>("Perplexity").ToArray());
        Assert.Equal(typeof(LanguageModelTransformer).FullName, fault.ObjectName);
    }

    private LanguageModelTransformer Fit(LanguageModel model) =>
        _context.Transforms.Text.ScoreTextWithLanguageModel("Text", model, FakeTransformer.AllColumns).Fit(_data);

    private PredictionEngine<Document, Scores> Engine(ITransformer transformer) =>
        _context.Model.CreatePredictionEngine<Document, Scores>(
            transformer, new PredictionEngineOptions { OwnsTransformer = false });

    private sealed class Scores
    {
        public float LogLikelihood { get; set; }

        public float Perplexity { get; set; }

        public float[] Features { get; set; } = [];

        public float[] ExpertUsage { get; set; } = [];
    }
}
