namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// One head's rows of a tensor [rows, heads, head] in float32, packed as products need them, padded with zeros.
/// </summary>
internal sealed unsafe class HeadPanels<TLanes, TVector>(int rows, int size) : IDisposable
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    private static readonly int Panel = RegisterTiles<TLanes, TVector>.Panel;
    private readonly int _rows = Padding.Up(rows, Panel);
    private readonly Scratch<float> _into = new((long)Padding.Up(rows, Panel) * size);
    private readonly Scratch<float> _outOf = new((long)Padding.Up(rows, Panel) * Padding.Up(size, Panel));

    /// <summary>Gets the matrix from the head to rows from one on, which begins a panel: inner = head.</summary>
    public TilePanels Into(int row) => new(_into.Pointer + (long)row * size, Panel, (nint)size * Panel, edge: null);

    /// <summary>Gets the matrix from rows from one on to the head: columns = padded head.</summary>
    public TilePanels OutOf(int row) => new(_outOf.Pointer + (long)row * Panel, Panel, (nint)_rows * Panel, edge: null);

    /// <summary>Packs for <see cref="Into"/>.</summary>
    /// <param name="source">The head's part of the first row.</param>
    /// <param name="stride">From one row to the next.</param>
    public void PackInto(float* source, nint stride)
    {
        for (var row = 0; row < rows; row += Panel)
        {
            PairPacking.Transpose(
                (uint*)source + row * stride, Math.Min(Panel, rows - row), size, stride,
                (uint*)_into.Pointer + (long)row * size, Panel);
        }
    }

    /// <summary>Packs for <see cref="OutOf"/>.</summary>
    /// <inheritdoc cref="PackInto"/>
    public void PackOutOf(float* source, nint stride)
    {
        for (var column = 0; column < size; column += Panel)
        {
            var width = Math.Min(Panel, size - column);
            var target = _outOf.Pointer + (long)column * _rows;
            for (var row = 0; row < rows; row++, target += Panel)
            {
                new ReadOnlySpan<float>(source + row * stride + column, width).CopyTo(new(target, width));
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _into.Dispose();
        _outOf.Dispose();
    }
}
