namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// One head's rows of a tensor [rows, heads, head] in bfloat16, padded with zeros, and packed as products need them.
/// </summary>
internal sealed unsafe class HeadMatrix(int rows, int size) : IDisposable
{
    private readonly int _rows = Padding.Up(rows, 32);
    private readonly int _size = Padding.Up(size, 32);
    private readonly Scratch<ushort> _values = new((long)Padding.Up(rows, 32) * Padding.Up(size, 32));
    private readonly Scratch<uint> _into = new((long)Padding.Up(rows, 32) * Padding.Up(size, 32) / 2, isZeroed: false);
    private readonly Scratch<uint> _outOf = new((long)Padding.Up(rows, 32) * Padding.Up(size, 32) / 2, isZeroed: false);

    /// <summary>Gets a row, padded.</summary>
    public ushort* this[int row] => _values.Pointer + (long)row * _size;

    /// <summary>
    /// Gets the matrix from the head to a stretch of rows: K = padded head, rows of pairs are all rows apart.
    /// </summary>
    public ushort* Into(int row) => (ushort*)(_into.Pointer + row);

    /// <summary>Gets the matrix from a stretch of rows, which begins evenly, to the head: N = padded head.</summary>
    public ushort* OutOf(int row) => (ushort*)(_outOf.Pointer + (long)row / 2 * _size);

    /// <summary>Copies rows.</summary>
    /// <param name="source">The head's part of the first row.</param>
    /// <param name="stride">From one row to the next.</param>
    /// <param name="count">How many; zeros stand behind them.</param>
    public HeadMatrix Load(ushort* source, int stride, int count)
    {
        for (var row = 0; row < count; row++)
        {
            new ReadOnlySpan<ushort>(source + (long)row * stride, size).CopyTo(new(this[row], size));
        }

        Clear(count);
        return this;
    }

    /// <summary>Sets rows from one on to zero.</summary>
    public void Clear(int first) => new Span<ushort>(this[first], (_rows - first) * _size).Clear();

    /// <summary>Packs for <see cref="Into"/>.</summary>
    public void PackInto() =>
        PairPacking.Transpose((uint*)_values.Pointer, _rows, _size / 2, _size / 2, _into.Pointer, _rows);

    /// <summary>Packs for <see cref="OutOf"/>.</summary>
    public void PackOutOf()
    {
        for (var row = 0; row < _rows; row += 2)
        {
            PairPacking.Interleave(this[row], this[row + 1], _outOf.Pointer + (long)row / 2 * _size, _size);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _values.Dispose();
        _into.Dispose();
        _outOf.Dispose();
    }
}
