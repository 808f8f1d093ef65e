using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A row with the columns of its score. A prediction engine declares every column active, so what is computed is what
/// getters were made for; one forward pass serves them all.
/// </summary>
internal sealed class SingleRow(
    DataViewRow input,
    DataViewSchema schema,
    ActiveColumns active,
    TextColumn text,
    EngineClaim claim,
    IHost host) : WrappingRow(input)
{
    private ValueGetter<ReadOnlyMemory<char>>? _getText;
    private ScoreParts _wanted;
    private (long Position, ScoreParts Parts, RowScore Score)? _current;

    public override DataViewSchema Schema => schema;

    public override bool IsColumnActive(DataViewSchema.Column column) => active[column];

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        var (source, added) = active.Resolve(column);
        if (source is { } passed)
        {
            return Input.GetGetter<TValue>(passed);
        }

        _wanted |= added!.Parts;
        return added.GetGetter<TValue>(Current);
    }

    protected override void DisposeCore(bool disposing)
    {
        if (disposing)
        {
            claim.Dispose();
        }
    }

    private RowScore Current()
    {
        if (_current is { } current && current.Position == Position && current.Parts == _wanted)
        {
            return current.Score;
        }

        host.CheckAlive();
        var row = default(ReadOnlyMemory<char>);
        _getText ??= Input.GetGetter<ReadOnlyMemory<char>>(text.FindIn(Input.Schema));
        _getText(ref row);
        using var scorer = claim.Use();
        using var cancellation = new HostCancellation(host);
        var score = scorer.Value.Score([row], _wanted, cancellation.Token)[0];
        _current = (Position, _wanted, score);
        return score;
    }
}
