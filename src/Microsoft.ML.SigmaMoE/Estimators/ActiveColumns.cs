using Microsoft.ML.Data;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Which columns of a scored view somebody reads.</summary>
internal sealed class ActiveColumns
{
    private readonly ColumnBindings _bindings;
    private readonly IReadOnlyList<ScoreColumn> _added;
    private readonly bool[] _active;

    public ActiveColumns(
        ColumnBindings bindings, IReadOnlyList<ScoreColumn> added, IEnumerable<DataViewSchema.Column> columns)
    {
        (_bindings, _added) = (bindings, added);
        var isActive = RowCursorUtils.FromColumnsToPredicate(columns, bindings.Schema);
        _active = [.. Enumerable.Range(0, bindings.Schema.Count).Select(isActive)];
        var passed = bindings.GetActiveInput(isActive);
        Source = [.. bindings.InputSchema.Where(column => passed[column.Index])];
    }

    public bool this[DataViewSchema.Column column] => _active[column.Index];

    /// <summary>Gets the columns of the input that are passed through.</summary>
    public IReadOnlyList<DataViewSchema.Column> Source { get; }

    /// <summary>Gets whether a column that scoring adds is read.</summary>
    public bool NeedScores => _bindings.AddedColumnIndices.Any(index => _active[index]);

    /// <summary>Gets what has to be computed for the columns that are read.</summary>
    public ScoreParts Parts => _added
        .Where((_, index) => _active[_bindings.AddedColumnIndices[index]])
        .Aggregate(ScoreParts.None, (parts, column) => parts | column.Parts);

    /// <summary>Finds where a column comes from: the input, or scoring.</summary>
    /// <exception cref="ArgumentException">Nobody said that the column would be read.</exception>
    public (DataViewSchema.Column? Source, ScoreColumn? Added) Resolve(DataViewSchema.Column column)
    {
        if (!this[column])
        {
            throw new ArgumentException(
                $"The column '{column.Name}' is not active in this row; ask for it when opening the cursor.");
        }

        var index = _bindings.MapColumnIndex(out var isSource, column.Index);
        return isSource ? (_bindings.InputSchema[index], null) : (null, _added[index]);
    }
}
