namespace Microsoft.ML.SigmaMoE;

/// <summary>The left side of a <see cref="RegisterTiles{TLanes, TVector}"/> multiplication.</summary>
/// <param name="start">Element (0, 0).</param>
/// <param name="rowStride">From one row to the next.</param>
/// <param name="innerStride">From one column to the next.</param>
internal readonly unsafe struct TileOperand(float* start, nint rowStride, nint innerStride)
{
    public float* Start { get; } = start;

    public nint RowStride { get; } = rowStride;

    public nint InnerStride { get; } = innerStride;
}

/// <summary>The right side: panels of some columns, each read row after row.</summary>
/// <param name="start">Element (0, 0).</param>
/// <param name="rowStride">From one row to the next within a panel.</param>
/// <param name="panelStride">From one panel to the next.</param>
/// <param name="edge">
/// Room for a panel: the last panel is copied there where it has fewer columns, for what stands behind them may be no
/// memory. Null where panels are padded.
/// </param>
internal readonly unsafe struct TilePanels(float* start, nint rowStride, nint panelStride, float* edge)
{
    public nint RowStride => rowStride;

    public bool IsPadded => edge == null;

    public float* Panel(int column, int width) => start + column / width * panelStride;

    public float* PadEdge(int column, int width, int rows, int padded)
    {
        var source = Panel(column, padded);
        for (var row = 0; row < rows; row++)
        {
            new ReadOnlySpan<float>(source + row * rowStride, width).CopyTo(new(edge + row * padded, width));
            new Span<float>(edge + row * padded + width, padded - width).Clear();
        }

        return edge;
    }
}
