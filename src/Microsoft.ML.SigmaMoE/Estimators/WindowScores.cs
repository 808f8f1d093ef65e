using System.Diagnostics;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Gives one cursor its rows' scores: from the cache, or of a whole window from the scorer.</summary>
internal sealed class WindowScores(
    ScoreCache cache, Shared<IRowScorer> scorer, TextAhead ahead, ScoreParts parts, IHost host) : IDisposable
{
    private RowWindow? _window;
    private ScoredRow[] _rows = [];

    /// <summary>Gets the score of a row that does not lie before any row asked for earlier.</summary>
    /// <param name="position">The row's position.</param>
    /// <param name="id">The row's identity, as the cursor that passes rows through sees it.</param>
    public RowScore this[long position, DataViewRowId id]
    {
        get
        {
            var window = RowWindow.Containing(position);
            if (_window != window)
            {
                _rows = cache.GetOrAdd(window.Index, parts, missing => Compute(window, missing));
                _window = window;
            }

            var offset = position - window.Start;
            var row = offset < _rows.Length ? _rows[offset] : throw ScoredRow.InputChanged();
            row.ThrowIfNot(id);
            return row.Score;
        }
    }

    /// <summary>Throws if more rows were read ahead than the input has now.</summary>
    /// <param name="last">The position of the input's last row.</param>
    public void ThrowIfRowsFollow(long last)
    {
        if (_window is { } window && window.Start + _rows.Length > last + 1)
        {
            throw ScoredRow.InputChanged();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ahead.Dispose();
        scorer.Dispose();
    }

    private ScoredRow[] Compute(RowWindow window, ScoreParts missing)
    {
        host.CheckAlive();
        var (ids, texts) = ahead.Read(window);
        using var cancellation = new HostCancellation(host);
        var scores = scorer.Value.Score(texts, missing, cancellation.Token);
        Debug.Assert(scores.Length == ids.Length, "A scorer returns a score for each row.");
        return [.. ids.Zip(scores, (id, score) => new ScoredRow(id, score))];
    }
}
