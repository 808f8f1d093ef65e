using Microsoft.ML.Data;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A second cursor over the input that sees only the text and runs ahead of the one that passes rows through, so that
/// nothing but the text is ever copied. It is opened when the first window is asked for.
/// </summary>
internal sealed class TextAhead(IDataView source, TextColumn text) : IDisposable
{
    private DataViewRowCursor? _cursor;
    private ValueGetter<ReadOnlyMemory<char>>? _getText;
    private ValueGetter<DataViewRowId>? _getId;
    private long _position;

    /// <summary>Reads the rows of a window that lies ahead of those read so far; skips what is between.</summary>
    public (DataViewRowId[] Ids, ReadOnlyMemory<char>[] Texts) Read(RowWindow window)
    {
        Open();
        var (ids, texts) = (new List<DataViewRowId>(window.Size), new List<ReadOnlyMemory<char>>(window.Size));
        while (_position < window.Start + window.Size && _cursor!.MoveNext())
        {
            if (_position++ >= window.Start)
            {
                var (id, row) = (default(DataViewRowId), default(ReadOnlyMemory<char>));
                _getId!(ref id);
                _getText!(ref row);
                ids.Add(id);
                texts.Add(row);
            }
        }

        return ([.. ids], [.. texts]);
    }

    /// <inheritdoc/>
    public void Dispose() => _cursor?.Dispose();

    private void Open()
    {
        if (_cursor is null)
        {
            var column = text.FindIn(source.Schema);
            _cursor = source.GetRowCursor([column]);
            _getText = _cursor.GetGetter<ReadOnlyMemory<char>>(column);
            _getId = _cursor.GetIdGetter();
        }
    }
}
