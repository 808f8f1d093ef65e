using Microsoft.ML.Data;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class ScoringPipelineTests : IDisposable
{
    private readonly MLContext _context = new(1);
    private readonly FakeScorer _scorer = new();
    private readonly Document[] _documents = Document.Many(300);
    private readonly FakeTransformer _transformer;

    public ScoringPipelineTests() => _transformer = new(_context, _scorer);

    private float[] Expected =>
        [.. _documents.Select(document => (float)FakeScorer.Score(document.Text!).LogLikelihood)];

    private IDataView View => _transformer.Transform(_context.Data.LoadFromEnumerable(_documents));

    public void Dispose() => _transformer.Dispose();

    [Fact]
    public void Cache_GivesTheSameRows()
    {
        var cached = _context.Data.Cache(View);
        Assert.Equal(Expected, cached.GetColumn<float>("LogLikelihood"));
        Assert.Equal(Expected, cached.GetColumn<float>("LogLikelihood"));
    }

    [Fact]
    public void SkipRowsAndTakeRows_ScoreOnlyTheirWindows()
    {
        var view = _context.Data.TakeRows(_context.Data.SkipRows(View, 200), 10);
        Assert.Equal(Expected[200..210], view.GetColumn<float>("LogLikelihood"));
        Assert.Equal(RowWindow.Containing(200).Size, _scorer.RowsScored);
    }

    [Fact]
    public void FilterRows_AfterScoring_KeepsRowsAndScoresTogether()
    {
        var view = _context.Data.FilterRowsByColumn(View, "LogLikelihood", lowerBound: -10);
        var kept = _context.Data.CreateEnumerable<Scored>(view, false).Select(row => row.Number).ToArray();
        Assert.Equal(Enumerable.Range(0, 300).Where(number => Expected[number] >= -10), kept);
    }

    [Fact]
    public void ShuffleRows_AfterScoring_KeepsRowsAndScoresTogether() =>
        AssertTogether(_context.Data.ShuffleRows(View, seed: 3));

    [Fact]
    public void ShuffleRows_BeforeScoring_KeepsRowsAndScoresTogether()
    {
        var shuffled = _context.Data.ShuffleRows(_context.Data.LoadFromEnumerable(_documents), seed: 3);
        AssertTogether(_transformer.Transform(shuffled));
    }

    [Fact]
    public void TrainTestSplit_KeepsRowsAndScoresTogether()
    {
        var split = _context.Data.TrainTestSplit(View, testFraction: 0.3);
        Assert.Equal(300, Numbers(split.TrainSet).Concat(Numbers(split.TestSet)).Distinct().Count());
        AssertScores(split.TrainSet);
        AssertScores(split.TestSet);
    }

    [Fact]
    public void SaveAsBinary_LoadsTheSameRows()
    {
        using var folder = new TemporaryFolder();
        using (var stream = File.Create(folder.File("view.idv")))
        {
            _context.Data.SaveAsBinary(View, stream);
        }

        var loaded = _context.Data.LoadFromBinary(folder.File("view.idv"));
        Assert.Equal(Expected, loaded.GetColumn<float>("LogLikelihood"));
        Assert.Equal(
            _documents.Select(document => FakeScorer.Score(document.Text!).TokenLogLikelihoods),
            loaded.GetColumn<float[]>("TokenLogLikelihoods"));
        Assert.Equal(300, _scorer.RowsScored);
    }

    [Fact]
    public void InputReadByManyThreads_KeepsRowsAndScoresTogether()
    {
        using var folder = new TemporaryFolder();
        var documents = Document.Many(20_000);
        File.WriteAllLines(
            folder.File("rows.tsv"), documents.Select(document => $"{document.Text}\t{document.Number}"));
        var input = _context.Data.LoadFromTextFile(
            folder.File("rows.tsv"), [new("Raw", DataKind.String, 0), new("Number", DataKind.Int32, 1)]);
        var prepared = _context.Transforms.Text.NormalizeText("Text", "Raw").Fit(input).Transform(input);
        var view = _transformer.Transform(prepared);
        for (var pass = 0; pass < 2; pass++)
        {
            var rows = _context.Data.CreateEnumerable<Scored>(view, reuseRowObject: false, ignoreMissingColumns: true);
            Assert.Equal(
                documents.Select(document => (document.Number, FakeScorer.Score(document.Text!).TokenCount)),
                rows.Select(row => (row.Number, row.TokenCount)));
        }

        Assert.Equal(20_000, _scorer.RowsScored);
    }

    [Fact]
    public void ManyPassTrainer_ScoresEachRowOnce()
    {
        var pipeline = new FakeEstimator(_context, _scorer)
            .Append(_context.Transforms.Conversion.MapValueToKey("Label"))
            .Append(_context.MulticlassClassification.Trainers.SdcaMaximumEntropy());
        pipeline.Fit(_context.Data.LoadFromEnumerable(_documents));
        Assert.All(_scorer.Calls, call => Assert.Equal(ScoreParts.Features, call.Parts));
        Assert.Equal(300, _scorer.RowsScored);
    }

    [Fact]
    public void CrossValidate_LearnsFromTheFeatures()
    {
        var pipeline = new FakeEstimator(_context, _scorer)
            .Append(_context.Transforms.Conversion.MapValueToKey("Label"))
            .Append(_context.MulticlassClassification.Trainers.SdcaMaximumEntropy());
        var data = _context.Data.LoadFromEnumerable(_documents);
        var folds = _context.MulticlassClassification.CrossValidate(data, pipeline, numberOfFolds: 3);
        Assert.All(folds, fold => Assert.InRange(fold.Metrics.MicroAccuracy, 0.5, 1));
        Assert.Equal(2 * 3 * 100 + 3 * 100, _scorer.RowsScored, tolerance: 30);
    }

    [Fact]
    public void Preview_ShowsTheScores()
    {
        var column = View.Preview(5).ColumnView.Single(column => column.Column.Name == "LogLikelihood");
        Assert.Equal(Expected[..5], column.Values.Cast<float>());
    }

    private static IEnumerable<int> Numbers(IDataView view) => view.GetColumn<int>("Number");

    private void AssertTogether(IDataView view)
    {
        Assert.Equal(Enumerable.Range(0, 300), Numbers(view).Order());
        AssertScores(view);
    }

    private void AssertScores(IDataView view)
    {
        foreach (var row in _context.Data.CreateEnumerable<Scored>(view, reuseRowObject: false))
        {
            Assert.Equal(Expected[row.Number], row.LogLikelihood);
        }
    }
}
