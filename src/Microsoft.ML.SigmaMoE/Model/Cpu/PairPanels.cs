namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A matrix W [rows, inner] turned round, as <see cref="Brgemm"/> reads it: panels of some of its rows, which are
/// columns of the product, each [padded inner / 2, columns] pairs. The last panel is padded with zeros.
/// </summary>
internal sealed unsafe class PairPanels(int rows, int inner) : IDisposable
{
    /// <summary>Columns of a panel: with 64, A and the sums stay in the first-level cache.</summary>
    public const int Columns = 64;

    private readonly Scratch<uint> _pairs = new(
        (long)((rows + Columns - 1) / Columns) * Padding.Up(inner, 32) / 2 * Columns, isZeroed: false);

    /// <summary>Gets the inner dimension, padded.</summary>
    public int PaddedInner { get; } = Padding.Up(inner, 32);

    /// <summary>Gets a panel: K = <see cref="PaddedInner"/>, N = <see cref="Columns"/>.</summary>
    public ushort* this[int panel] => (ushort*)(_pairs.Pointer + panel * PanelPairs);

    private long PanelPairs => (long)PaddedInner / 2 * Columns;

    /// <summary>Makes a panel.</summary>
    /// <param name="matrix">W, float32.</param>
    /// <param name="panel">Which.</param>
    /// <param name="strip">Room for 16 · <see cref="PaddedInner"/> bfloat16 numbers.</param>
    public void Pack(float* matrix, int panel, ushort* strip)
    {
        var first = panel * Columns;
        var target = (uint*)this[panel];
        var own = Math.Min(Columns, rows - first);
        if (own < Columns)
        {
            new Span<uint>(target, (int)PanelPairs).Clear();
        }

        PairPacking.Transposed(matrix + (long)first * inner, target, Columns, own, inner, PaddedInner, strip);
    }

    /// <summary>Gets where they lie.</summary>
    public (nint Start, long Bytes) Memory => _pairs.Memory;

    /// <inheritdoc/>
    public void Dispose() => _pairs.Dispose();
}
