namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Rows of float32 numbers, rounded to bfloat16 and padded with zeros once, read as often as each token is routed.
/// </summary>
internal sealed unsafe class RoundedRows(long rows, ExpertShape shape) : IDisposable
{
    private readonly Scratch<ushort> _values = new(rows * shape.PaddedModelSize, isZeroed: false);

    /// <summary>Gets a row, padded.</summary>
    public ushort* this[long row] => _values.Pointer + row * shape.PaddedModelSize;

    /// <summary>Rounds the rows from <paramref name="first"/> up to <paramref name="end"/>.</summary>
    public void Round(float* source, long first, long end)
    {
        for (var row = first; row < end; row++)
        {
            BFloat16Rounding.Round(
                new(source + row * shape.ModelSize, shape.ModelSize), new(this[row], shape.ModelSize));
            new Span<ushort>(this[row] + shape.ModelSize, shape.PaddedModelSize - shape.ModelSize).Clear();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _values.Dispose();
}
