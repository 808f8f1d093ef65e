namespace Microsoft.ML.SigmaMoE;

/// <summary>The tiles that compute an attention in float32.</summary>
/// <param name="Sizes">The sizes of the attention.</param>
/// <param name="Panel">Columns that are computed at once.</param>
internal readonly record struct FloatAttentionShape(AttentionShape Sizes, int Panel)
{
    // Of a tile's logits: both kinds fit the second-level cache beside a head's keys.
    private const int MostLogits = 1 << 15;

    /// <summary>Gets S, padded.</summary>
    public int PaddedKeys => Padding.Up(Sizes.Keys, Panel);

    /// <summary>
    /// Gets how far rows of S numbers are apart: a power of two would make columns meet in the cache.
    /// </summary>
    public int Stride => PaddedKeys + Panel;

    /// <summary>Gets the head size, padded.</summary>
    public int PaddedSize => Padding.Up(Sizes.HeadSize, Panel);

    /// <summary>Gets the most queries of a tile.</summary>
    public int TileRows => Math.Clamp(MostLogits / PaddedKeys / 12 * 12, 12, 48);

    /// <summary>Gets the tiles of a row, in order.</summary>
    public IEnumerable<FloatAttentionTile> Tiles()
    {
        for (var first = 0; first < Sizes.Time; first += TileRows)
        {
            yield return new(this, new(Sizes, first, Math.Min(TileRows, Sizes.Time - first)));
        }
    }
}

/// <summary>Some queries of a row, and what they can see.</summary>
internal readonly record struct FloatAttentionTile(FloatAttentionShape Shape, AttentionTile Queries)
{
    /// <summary>Gets the first query.</summary>
    public int First => Queries.First;

    /// <summary>Gets how many.</summary>
    public int Count => Queries.Count;

    /// <summary>Gets where the keys end that any of them sees, padded.</summary>
    public int EndOfKeys => Padding.Up((int)Shape.Sizes.Windows.Memory + First + Count, Shape.Panel);

    /// <summary>Gets where the positions begin that any of them sees.</summary>
    public int StartOfPositions => (Shape.Sizes.Time - First - Count) / Shape.Panel * Shape.Panel;
}
