namespace Microsoft.ML.SigmaMoE;

/// <summary>The sizes of an attention and of the tiles that compute it in bfloat16.</summary>
/// <param name="Batch">Rows of the batch.</param>
/// <param name="Heads">Heads.</param>
/// <param name="HeadSize">The width of a head.</param>
/// <param name="Windows">Which keys each query sees.</param>
internal readonly record struct AttentionShape(int Batch, int Heads, int HeadSize, KeyWindows Windows)
{
    // Of a tile's logits: in float32 they fit the second-level cache beside a head's keys.
    private const int MostLogits = 1 << 15;

    /// <summary>Gets the queries of a row (T).</summary>
    public int Time => (int)Windows.Time;

    /// <summary>Gets the keys of a row (S).</summary>
    public int Keys => (int)Windows.Keys;

    /// <summary>Gets S, padded.</summary>
    public int PaddedKeys => Padding.Up(Keys, 32);

    /// <summary>Gets the head size, padded.</summary>
    public int PaddedSize => Padding.Up(HeadSize, 32);

    /// <summary>Gets the most queries of a tile.</summary>
    public int TileRows => Math.Clamp(MostLogits / PaddedKeys / 32 * 32, 32, 128);

    /// <summary>Gets the tiles of a row, in order.</summary>
    public IEnumerable<AttentionTile> Tiles()
    {
        for (var first = 0; first < Time; first += TileRows)
        {
            yield return new(this, first, Math.Min(TileRows, Time - first));
        }
    }
}

/// <summary>Some queries of a row, and what they can see.</summary>
internal readonly record struct AttentionTile(AttentionShape Shape, int First, int Count)
{
    /// <summary>Gets the queries, padded.</summary>
    public int PaddedCount => Padding.Up(Count, 32);

    /// <summary>Gets where the keys end that any of them sees, padded.</summary>
    public int EndOfKeys => Math.Min(Shape.PaddedKeys, Padding.Up((int)Shape.Windows.Memory + First + Count, 64));

    /// <summary>Gets where the positions begin that any of them sees: key j of query i is at j + T − 1 − i.</summary>
    public int StartOfPositions => Math.Max(0, Shape.Time - First - Count) / 64 * 64;

    /// <summary>
    /// Gets the first key that a query of the tile sees, how many, and how far their positions stand to the right.
    /// </summary>
    public (int First, int Count, int Shift) Window(int batch, int row)
    {
        var query = First + row;
        var first = Shape.Windows.First(batch, query);
        return (first, (int)Shape.Windows.Memory + query + 1 - first, Shape.Time - 1 - query);
    }
}
