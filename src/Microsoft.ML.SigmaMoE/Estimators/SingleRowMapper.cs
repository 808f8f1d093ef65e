using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Scores one row at a time, for ML.NET's prediction engine: a batch of one.</summary>
internal sealed class SingleRowMapper(RowScoring scoring, ColumnBindings bindings, IHost host) : IRowToRowMapper
{
    public DataViewSchema InputSchema => bindings.InputSchema;

    public DataViewSchema OutputSchema => bindings.Schema;

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns)
    {
        var active = new ActiveColumns(bindings, scoring.Columns, dependingColumns);
        return active.NeedScores ? active.Source.Union([scoring.Text.FindIn(InputSchema)]) : active.Source;
    }

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.Schema != InputSchema)
        {
            throw new ArgumentException("The row has another schema than this mapper was made for.", nameof(input));
        }

        var active = new ActiveColumns(bindings, scoring.Columns, activeColumns);
        return new SingleRow(input, OutputSchema, active, scoring.Text, scoring.Claim(), host);
    }
}
