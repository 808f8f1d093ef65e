namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Room for rows that do not fill whole registers: copied and padded with zeros, for what stands behind a row is not
/// the row's, and may be no memory. Copies also begin with a cache line each; reading across two of them costs twice as
/// much.
/// </summary>
/// <param name="rows">The most rows of the left side.</param>
/// <param name="outputs">Rows of the right side.</param>
/// <param name="inner">Numbers of a row.</param>
/// <param name="count">Numbers of a register.</param>
internal sealed unsafe class DotPadding(int rows, int outputs, int inner, int count) : IDisposable
{
    private readonly Scratch<float> _rows = new((long)(rows + outputs) * Padding.Up(inner, count), isZeroed: false);

    /// <summary>Gets the numbers of a padded row.</summary>
    public int Inner { get; } = Padding.Up(inner, count);

    /// <summary>Copies rows of the left side.</summary>
    /// <param name="source">The first row.</param>
    /// <param name="number">How many.</param>
    /// <param name="stride">From one to the next.</param>
    public float* Left(float* source, int number, nint stride) =>
        Copy(source, number, stride, _rows.Pointer + (long)outputs * Inner);

    /// <summary>Copies rows of the right side, which stand one behind the other.</summary>
    /// <param name="source">The first row.</param>
    public float* Right(float* source) => Copy(source, outputs, inner, _rows.Pointer);

    /// <inheritdoc/>
    public void Dispose() => _rows.Dispose();

    private float* Copy(float* source, int number, nint stride, float* target)
    {
        for (var row = 0; row < number; row++)
        {
            var padded = new Span<float>(target + (long)row * Inner, Inner);
            new ReadOnlySpan<float>(source + row * stride, inner).CopyTo(padded);
            padded[inner..].Clear();
        }

        return target;
    }
}
