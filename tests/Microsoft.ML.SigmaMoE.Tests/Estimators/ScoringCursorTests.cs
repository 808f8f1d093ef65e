using Microsoft.ML.Data;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class ScoringCursorTests : IDisposable
{
    private readonly MLContext _context = new(1);
    private readonly FakeScorer _scorer = new();
    private readonly FakeTransformer _transformer;

    public ScoringCursorTests() => _transformer = new(_context, _scorer);

    public void Dispose() => _transformer.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(1500)]
    public void Rows_OfAnyCount_ComeInOrderWithTheirScores(int count)
    {
        var documents = Document.Many(count);
        var rows = _context.Data.CreateEnumerable<Scored>(Transform(documents), reuseRowObject: false).ToArray();
        Assert.Equal(count, rows.Length);
        foreach (var (document, row) in documents.Zip(rows))
        {
            AssertScored(document, row);
        }

        Assert.Equal(count, _scorer.RowsScored);
    }

    [Fact]
    public void Rows_NullOrEmpty_HaveTheirDocumentedValues()
    {
        var view = Transform([new() { Text = null }, new() { Text = "" }]);
        var rows = _context.Data.CreateEnumerable<Scored>(view, reuseRowObject: false);
        Assert.All(rows, row =>
        {
            Assert.Equal(0, row.TokenCount);
            Assert.Equal(0f, row.LogLikelihood);
            Assert.Equal(float.NaN, row.Perplexity);
            Assert.Equal(float.NaN, row.BitsPerByte);
            Assert.Equal(new float[4], row.Features);
            Assert.Empty(row.TokenLogLikelihoods);
        });
    }

    [Fact]
    public void Position_Batch_Id_AreThoseOfTheInput()
    {
        var input = _context.Data.LoadFromEnumerable(Document.Many(40));
        var view = _transformer.Transform(input);
        using var expected = input.GetRowCursor(input.Schema);
        using var cursor = view.GetRowCursor(view.Schema);
        var (expectedId, id) = (expected.GetIdGetter(), cursor.GetIdGetter());
        Assert.Equal(-1, cursor.Position);
        while (expected.MoveNext())
        {
            Assert.True(cursor.MoveNext());
            Assert.Equal((expected.Position, expected.Batch), (cursor.Position, cursor.Batch));
            var (left, right) = (default(DataViewRowId), default(DataViewRowId));
            expectedId(ref left);
            id(ref right);
            Assert.Equal(left, right);
        }

        Assert.False(cursor.MoveNext());
        Assert.Equal(-1, cursor.Position);
    }

    [Fact]
    public void Getter_OffAnyRow_Throws()
    {
        var view = Transform(Document.Many(1));
        using var cursor = view.GetRowCursor(view.Schema);
        var getter = cursor.GetGetter<float>(view.Schema["Perplexity"]);
        var value = 0f;
        Assert.Throws<InvalidOperationException>(() => getter(ref value));
        Assert.True(cursor.MoveNext());
        getter(ref value);
        Assert.False(cursor.MoveNext());
        Assert.Throws<InvalidOperationException>(() => getter(ref value));
    }

    [Fact]
    public void GetGetter_OfAnotherType_NamesColumnAndTypes()
    {
        var view = Transform(Document.Many(1));
        using var cursor = view.GetRowCursor(view.Schema);
        var fault = Assert.Throws<InvalidOperationException>(() => cursor.GetGetter<double>(view.Schema["Perplexity"]));
        Assert.Contains("'Perplexity' is of type Single", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void GetGetter_OfAnInactiveColumn_Throws()
    {
        var view = Transform(Document.Many(1));
        using var cursor = view.GetRowCursor([view.Schema["Perplexity"]]);
        Assert.True(cursor.IsColumnActive(view.Schema["Perplexity"]));
        Assert.False(cursor.IsColumnActive(view.Schema["Features"]));
        Assert.False(cursor.IsColumnActive(view.Schema["Number"]));
        Assert.Throws<ArgumentException>(() => cursor.GetGetter<int>(view.Schema["Number"]));
        Assert.Throws<ArgumentException>(() => cursor.GetGetter<int>(view.Schema["TokenCount"]));
    }

    [Fact]
    public void Rows_WithoutOurColumns_AreNotScored()
    {
        Assert.Equal(Enumerable.Range(0, 50), Transform(Document.Many(50)).GetColumn<int>("Number"));
        Assert.Empty(_scorer.Calls);
    }

    [Theory]
    [InlineData("Features", ScoreParts.Features)]
    [InlineData("Perplexity", ScoreParts.LogLikelihoods)]
    [InlineData("TokenLogLikelihoods", ScoreParts.LogLikelihoods)]
    [InlineData("ExpertUsage", ScoreParts.ExpertUsage)]
    [InlineData("TokenCount", ScoreParts.None)]
    public void Rows_WithOneColumn_ComputeItsPartOnly(string name, object part)
    {
        var view = Transform(Document.Many(20));
        using var cursor = view.GetRowCursor([view.Schema[name]]);
        var read = Reader(cursor, view.Schema[name]);
        while (cursor.MoveNext())
        {
            read();
        }

        Assert.NotEmpty(_scorer.Calls);
        Assert.All(_scorer.Calls, call => Assert.Equal(part, call.Parts));
    }

    [Fact]
    public void Transform_AndMoveNext_ComputeNothing()
    {
        var view = Transform(Document.Many(50));
        using var cursor = view.GetRowCursor(view.Schema);
        while (cursor.MoveNext())
        {
        }

        Assert.Empty(_scorer.Calls);
    }

    [Fact]
    public void FirstRow_ReadsAheadOnlyAFew()
    {
        Assert.NotNull(_context.Data.CreateEnumerable<Scored>(Transform(Document.Many(5000)), false).First());
        Assert.Equal(RowWindow.Smallest, _scorer.RowsScored);
    }

    [Fact]
    public void SecondPass_OverTheSameColumns_ComputesNothing()
    {
        var view = Transform(Document.Many(600));
        var first = view.GetColumn<float>("LogLikelihood").ToArray();
        var calls = _scorer.Calls.Count;
        Assert.Equal(first, view.GetColumn<float>("LogLikelihood"));
        Assert.Equal(calls, _scorer.Calls.Count);
        Assert.Equal(600, _scorer.RowsScored);
    }

    [Fact]
    public void SecondPass_OverAnotherColumn_ComputesThatOnly()
    {
        var view = Transform(Document.Many(100));
        Assert.Equal(100, view.GetColumn<float[]>("Features").Count());
        Assert.Equal(100, view.GetColumn<float>("Perplexity").Count());
        Assert.Equal(100, view.GetColumn<float[]>("Features").Count());
        Assert.Equal(200, _scorer.RowsScored);
        var parts = _scorer.Calls.Select(call => call.Parts).Distinct();
        Assert.Equal([ScoreParts.Features, ScoreParts.LogLikelihoods], parts);
    }

    [Fact]
    public void SecondPass_AfterAnAbandonedOne_ComputesTheRest()
    {
        var documents = Document.Many(600);
        var view = Transform(documents);
        Assert.Equal(100, view.GetColumn<float>("LogLikelihood").Take(100).Count());
        var expected = documents.Select(document => (float)FakeScorer.Score(document.Text!).LogLikelihood);
        Assert.Equal(expected, view.GetColumn<float>("LogLikelihood"));
        Assert.Equal(600, _scorer.RowsScored);
    }

    [Fact]
    public void Passes_BeyondTheMemoryLimit_AreServedFromTheFile()
    {
        using var folder = new TemporaryFolder();
        _context.TempFilePath = folder.Path;
        using var transformer = new FakeTransformer(_context, _scorer, cacheLimit: 50_000);
        var view = transformer.Transform(_context.Data.LoadFromEnumerable(Document.Many(2000)));
        var first = _context.Data.CreateEnumerable<Scored>(view, false).ToArray();
        var second = _context.Data.CreateEnumerable<Scored>(view, false).ToArray();
        Assert.Equivalent(first, second);
        Assert.Equal(2000, _scorer.RowsScored);
    }

    [Fact]
    public void Passes_AtTheSameTime_ShareTheirWork()
    {
        var view = Transform(Document.Many(2000));
        var expected = Transform(Document.Many(2000)).GetColumn<float>("Perplexity").ToArray();
        var before = _scorer.RowsScored;
        var passes = SixteenThreads.Run(_ => view.GetColumn<float>("Perplexity").ToArray());
        Assert.All(passes, actual => Assert.Equal(expected, actual));
        Assert.Equal(2000, _scorer.RowsScored - before);
    }

    [Fact]
    public void Pass_WhoseScorerFails_CanBeRepeated()
    {
        var view = Transform(Document.Many(100));
        _scorer.OnScore = () => throw new InvalidOperationException("no memory");
        Assert.Throws<InvalidOperationException>(() => view.GetColumn<float>("Perplexity").ToArray());
        _scorer.OnScore = () => { };
        Assert.Equal(100, view.GetColumn<float>("Perplexity").Count());
    }

    [Fact]
    public void Pass_OfACancelledContext_StopsBeforeTheNextWindow()
    {
        var view = Transform(Document.Many(1000));
        _scorer.OnScore = _context.CancelExecution;
        Assert.Throws<OperationCanceledException>(() => view.GetColumn<float>("Perplexity").ToArray());
        Assert.Equal(RowWindow.Smallest, _scorer.RowsScored);
    }

    [Fact]
    public void Pass_ContextCancelledWhileAWindowIsScored_Stops()
    {
        var view = Transform(Document.Many(10));
        (_scorer.OnScore, _scorer.IsSlow) = (_context.CancelExecution, true);
        Assert.ThrowsAny<OperationCanceledException>(() => view.GetColumn<float>("Perplexity").ToArray());
        Assert.Equal(0, _scorer.RowsScored);
    }

    [Theory]
    [InlineData(60)]
    [InlineData(40)]
    public void Input_ThatGrowsOrShrinksBetweenPasses_IsNoticed(int newCount)
    {
        var documents = Document.Many(50).ToList();
        var view = _transformer.Transform(_context.Data.LoadFromEnumerable(documents));
        Assert.Equal(50, view.GetColumn<float>("Perplexity").Count());
        documents.Clear();
        documents.AddRange(Document.Many(newCount));
        var fault = Assert.Throws<InvalidOperationException>(() => view.GetColumn<float>("Perplexity").ToArray());
        Assert.Contains("call Transform again", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Input_ThatCanBeReadOnlyOnce_IsNoticed()
    {
        var queue = new Queue<Document>(Document.Many(50));
        var view = _transformer.Transform(_context.Data.LoadFromEnumerable(Drain()));
        var fault = Assert.Throws<InvalidOperationException>(() => view.GetColumn<float>("Perplexity").ToArray());
        Assert.Contains("mlContext.Data.Cache", fault.Message, StringComparison.Ordinal);

        IEnumerable<Document> Drain()
        {
            while (queue.TryDequeue(out var document))
            {
                yield return document;
            }
        }
    }

    [Fact]
    public void Cursors_Abandoned_ReleaseTheScorer()
    {
        var view = Transform(Document.Many(50));
        using (var cursor = view.GetRowCursor(view.Schema))
        {
            Assert.True(cursor.MoveNext());
            Reader(cursor, view.Schema["Perplexity"])();
            _transformer.Dispose();
            Assert.False(_scorer.IsDisposed);
            Assert.True(cursor.MoveNext());
            Reader(cursor, view.Schema["Perplexity"])();
        }

        Assert.True(_scorer.IsDisposed);
        Assert.Throws<ObjectDisposedException>(() => view.GetRowCursor(view.Schema));
        Assert.Equal(50, view.GetColumn<int>("Number").Count());
    }

    [Fact]
    public void CursorSet_IsOneCursor()
    {
        var view = Transform(Document.Many(50));
        var cursors = view.GetRowCursorSet(view.Schema, 4);
        Assert.Single(cursors).Dispose();
        Assert.False(view.CanShuffle);
    }

    private static void AssertScored(Document document, Scored row)
    {
        var score = FakeScorer.Score(document.Text!);
        Assert.Equal((document.Number, document.Text), (row.Number, row.Text));
        Assert.Equal(score.Features, row.Features);
        Assert.Equal((float)score.LogLikelihood, row.LogLikelihood);
        Assert.Equal((float)score.Perplexity, row.Perplexity);
        Assert.Equal((float)score.BitsPerByte, row.BitsPerByte);
        Assert.Equal(score.TokenCount, row.TokenCount);
        Assert.Equal(score.TokenLogLikelihoods, row.TokenLogLikelihoods);
        Assert.Equal(score.ExpertUsage, row.ExpertUsage);
    }

    private static Action Reader(DataViewRowCursor cursor, DataViewSchema.Column column) => column.Type switch
    {
        VectorDataViewType => Reader<VBuffer<float>>(cursor, column),
        NumberDataViewType { RawType: var raw } when raw == typeof(int) => Reader<int>(cursor, column),
        _ => Reader<float>(cursor, column),
    };

    private static Action Reader<T>(DataViewRowCursor cursor, DataViewSchema.Column column)
    {
        var getter = cursor.GetGetter<T>(column);
        return () =>
        {
            var value = default(T)!;
            getter(ref value);
        };
    }

    private IDataView Transform(Document[] documents) =>
        _transformer.Transform(_context.Data.LoadFromEnumerable(documents));
}
