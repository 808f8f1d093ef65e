namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Where rows of a matrix begin, as <see cref="RegisterTiles{TLanes, TVector}"/> wants to know it of its result.
/// </summary>
internal sealed unsafe class RowList(int capacity) : IDisposable
{
    private readonly Scratch<nint> _rows = new(capacity, isZeroed: false);

    /// <summary>Lists rows that are equally far apart.</summary>
    /// <param name="start">The first.</param>
    /// <param name="stride">From one to the next.</param>
    /// <param name="count">How many.</param>
    public float** Of(float* start, nint stride, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, capacity);
        for (var row = 0; row < count; row++)
        {
            _rows.Pointer[row] = (nint)(start + row * stride);
        }

        return (float**)_rows.Pointer;
    }

    /// <inheritdoc/>
    public void Dispose() => _rows.Dispose();
}
