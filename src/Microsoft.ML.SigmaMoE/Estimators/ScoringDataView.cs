using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The input with the columns that scoring adds. Nothing is computed before a cursor's getter asks for it, and then for
/// a window of rows and the active columns only; what was computed is kept for the next passes.
/// </summary>
internal sealed class ScoringDataView(RowScoring scoring, ColumnBindings bindings, IDataView source, IHost host)
    : IDataView
{
    private readonly ScoreCache _cache = scoring.CreateCache(host);

    /// <summary>Gets false: the rows that are read ahead are those that follow.</summary>
    public bool CanShuffle => false;

    public DataViewSchema Schema => bindings.Schema;

    public long? GetRowCount() => source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        var active = new ActiveColumns(bindings, scoring.Columns, columnsNeeded);
        if (!active.NeedScores)
        {
            return new ScoringCursor(host, Schema, source.GetRowCursor(active.Source), active, null);
        }

        var ahead = new TextAhead(source, scoring.Text);
        var scores = new WindowScores(_cache, scoring.Scorer.Copy(), ahead, active.Parts, host);
        try
        {
            return new ScoringCursor(host, Schema, source.GetRowCursor(active.Source), active, scores);
        }
        catch
        {
            scores.Dispose();
            throw;
        }
    }

    public DataViewRowCursor[] GetRowCursorSet(
        IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];
}
