using System.Collections;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.SigmaMoE;

/// <summary>The texts of a view's rows, read from the start by every enumeration, nothing kept.</summary>
internal sealed class TextRows(IHost host, IDataView source, TextColumn text) : IEnumerable<ReadOnlyMemory<char>>
{
    /// <exception cref="OperationCanceledException">The context was cancelled.</exception>
    public IEnumerator<ReadOnlyMemory<char>> GetEnumerator()
    {
        var column = text.FindIn(source.Schema);
        using var cursor = source.GetRowCursor([column]);
        var getText = cursor.GetGetter<ReadOnlyMemory<char>>(column);
        var row = default(ReadOnlyMemory<char>);
        while (cursor.MoveNext())
        {
            host.CheckAlive();
            getText(ref row);
            yield return row;
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
