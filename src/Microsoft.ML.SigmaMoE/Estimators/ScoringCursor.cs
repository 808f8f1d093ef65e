using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Passes the input's rows through and adds the columns of their scores. Scores are asked for by the getters, so that
/// rows that are only skipped cost nothing.
/// </summary>
internal sealed class ScoringCursor : LinkedRootCursorBase
{
    private readonly ActiveColumns _active;
    private readonly WindowScores? _scores;
    private readonly ValueGetter<DataViewRowId> _getId;
    private (long Position, RowScore Score)? _current;

    /// <param name="provider">Starts the channel that a cursor has.</param>
    /// <param name="schema">The view's schema.</param>
    /// <param name="input">The cursor to pass through; disposed with this one.</param>
    /// <param name="active">The columns that are read.</param>
    /// <param name="scores">Gives the added columns, or null where none is read; disposed with this cursor.</param>
    public ScoringCursor(
        IChannelProvider provider,
        DataViewSchema schema,
        DataViewRowCursor input,
        ActiveColumns active,
        WindowScores? scores)
        : base(provider, input)
    {
        Schema = schema;
        _active = active;
        _scores = scores;
        _getId = input.GetIdGetter();
    }

    public override DataViewSchema Schema { get; }

    public override long Batch => Input.Batch;

    public override ValueGetter<DataViewRowId> GetIdGetter() => Input.GetIdGetter();

    public override bool IsColumnActive(DataViewSchema.Column column) => _active[column];

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        var (source, added) = _active.Resolve(column);
        return source is { } passed
            ? Input.GetGetter<TValue>(passed)
            : added!.GetGetter<TValue>(Current);
    }

    protected override bool MoveNextCore()
    {
        if (Input.MoveNext())
        {
            return true;
        }

        _scores?.ThrowIfRowsFollow(Position);
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _scores?.Dispose();
        }

        base.Dispose(disposing);
    }

    private RowScore Current()
    {
        if (!IsGood)
        {
            throw new InvalidOperationException("The cursor is on no row: call MoveNext and read while it is true.");
        }

        if (_current?.Position != Position)
        {
            var id = default(DataViewRowId);
            _getId(ref id);
            _current = (Position, _scores![Position, id]);
        }

        return _current.Value.Score;
    }
}
