using System.Runtime.CompilerServices;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class SingleRowTests : IDisposable
{
    private readonly MLContext _context = new(1);
    private readonly FakeScorer _scorer = new();
    private readonly FakeTransformer _transformer;

    public SingleRowTests() => _transformer = new(_context, _scorer);

    public void Dispose() => _transformer.Dispose();

    [Theory]
    [InlineData("the cat sat")]
    [InlineData("")]
    [InlineData(null)]
    public void Predict_GivesWhatTheViewGives(string? text)
    {
        using var engine = Engine<Scored>();
        var predicted = engine.Predict(new() { Text = text, Number = 7 });
        var view = _transformer.Transform(_context.Data.LoadFromEnumerable([new Document { Text = text, Number = 7 }]));
        var expected = _context.Data.CreateEnumerable<Scored>(view, reuseRowObject: false).Single();
        expected.Text ??= "";
        predicted.Text ??= "";
        Assert.Equivalent(expected, predicted, strict: true);
    }

    [Fact]
    public void Predict_AllColumns_TakesOneForwardPass()
    {
        using var engine = Engine<Scored>();
        engine.Predict(new() { Text = "one two" });
        engine.Predict(new() { Text = "three" });
        Assert.Equal(2, _scorer.Calls.Count);
    }

    [Fact]
    public void Predict_FeaturesOnly_ComputesNoLogLikelihoods()
    {
        using var engine = Engine<FeaturesOnly>();
        engine.Predict(new() { Text = "one two" });
        Assert.Equal(ScoreParts.Features, Assert.Single(_scorer.Calls).Parts);
    }

    [Fact]
    public void Predict_ThroughAChain_GivesTheLaterStepsTheirColumns()
    {
        var input = _context.Data.LoadFromEnumerable(Document.Many(30));
        var chain = new FakeEstimator(_context, _scorer)
            .Append(_context.Transforms.Concatenate("Joined", "Features", "ExpertUsage"))
            .Fit(input);
        using var engine = _context.Model.CreatePredictionEngine<Document, JoinedOnly>(chain);
        var score = FakeScorer.Score("one two");
        Assert.Equal([.. score.Features, .. score.ExpertUsage], engine.Predict(new() { Text = "one two" }).Joined);
        Assert.Equal(ScoreParts.Features | ScoreParts.ExpertUsage, _scorer.Calls[^1].Parts);
    }

    [Fact]
    public void GetDependencies_OfOurColumns_AreTheText()
    {
        var schema = _context.Data.LoadFromEnumerable(Document.Many(1)).Schema;
        var mapper = _transformer.GetRowToRowMapper(schema);
        Assert.Equal(["Text"], Names("Perplexity"));
        Assert.Equal(["Number"], Names("Number"));
        Assert.Equal(["Number", "Text"], Names("Number", "Features").Order());
        Assert.Same(schema, mapper.InputSchema);

        IEnumerable<string> Names(params string[] columns) =>
            mapper.GetDependencies(columns.Select(name => mapper.OutputSchema[name])).Select(column => column.Name);
    }

    [Fact]
    public void Dispose_OfTheOnlyEngine_DisposesTheScorer()
    {
        var engine = Engine<Scored>();
        engine.Dispose();
        Assert.True(_scorer.IsDisposed);
        Assert.Throws<ObjectDisposedException>(() => engine.Predict(new() { Text = "one two" }));
    }

    [Fact]
    public void Dispose_OfOneEngine_LeavesTheOthersWorking()
    {
        var (first, second) = (Engine<Scored>(), Engine<Scored>());
        first.Dispose();
        Assert.Equal(2, second.Predict(new() { Text = "one two" }).TokenCount);
        Assert.Throws<ObjectDisposedException>(() => Engine<Scored>());
        second.Dispose();
        Assert.True(_scorer.IsDisposed);
    }

    [Fact]
    public void Dispose_OfTheTransformer_EndsAnEngineThatDoesNotOwnIt()
    {
        var options = new PredictionEngineOptions { OwnsTransformer = false };
        var engine = _context.Model.CreatePredictionEngine<Document, Scored>(_transformer, options);
        engine.Dispose();
        Assert.False(_scorer.IsDisposed);
        _transformer.Dispose();
        Assert.True(_scorer.IsDisposed);
    }

    [Fact]
    public void Dispose_OfTheTransformer_DoesNotWaitForEnginesThatAreGone()
    {
        MakeAndForgetEngines();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        _transformer.Dispose();
        Assert.True(_scorer.IsDisposed);
    }

    [Fact]
    public void GetRow_OfAnotherSchema_IsRefused()
    {
        var one = _context.Data.LoadFromEnumerable(Document.Many(1));
        var other = _context.Data.LoadFromEnumerable(Document.Many(1));
        var mapper = _transformer.GetRowToRowMapper(one.Schema);
        using var row = other.GetRowCursor(other.Schema);
        Assert.Throws<ArgumentException>(() => mapper.GetRow(row, mapper.OutputSchema));
    }

    [Fact]
    public void Dispose_OfTheRow_EndsItsClaim()
    {
        var view = _context.Data.LoadFromEnumerable(Document.Many(1));
        var mapper = _transformer.GetRowToRowMapper(view.Schema);
        DataViewRow[] rows =
        [
            .. Enumerable.Range(0, 3).Select(_ => mapper.GetRow(view.GetRowCursor(view.Schema), mapper.OutputSchema)),
        ];
        rows[0].Dispose();
        _transformer.Dispose();
        Assert.False(_scorer.IsDisposed);
        rows[1].Dispose();
        rows[2].Dispose();
        Assert.True(_scorer.IsDisposed);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void MakeAndForgetEngines()
    {
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(1, Engine<Scored>().Predict(new() { Text = "word" }).TokenCount);
        }
    }

    private PredictionEngine<Document, T> Engine<T>()
        where T : class, new() => _context.Model.CreatePredictionEngine<Document, T>(_transformer);

    private sealed class FeaturesOnly
    {
        public float[] Features { get; set; } = [];
    }

    private sealed class JoinedOnly
    {
        public float[] Joined { get; set; } = [];
    }
}
