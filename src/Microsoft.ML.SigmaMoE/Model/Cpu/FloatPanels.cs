namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Some matrices [rows, inner] turned round, as <see cref="RegisterTiles{TLanes, TVector}"/> read their right side: for
/// each matrix panels of some of its rows, which are columns of the product, each [inner, panel], the last padded with
/// zeros.
/// </summary>
internal sealed unsafe class FloatPanels : IDisposable
{
    private readonly Scratch<float> _values;
    private readonly int _rows;
    private readonly int _inner;
    private readonly int _panel;

    /// <summary>Packs on the threads of <see cref="CpuWork"/>.</summary>
    /// <param name="matrices">[count, rows, inner].</param>
    /// <param name="count">How many matrices there are.</param>
    /// <param name="rows">Rows of a matrix.</param>
    /// <param name="inner">Columns of a matrix.</param>
    /// <param name="panel">Rows of a panel.</param>
    /// <param name="isUsed">Tells which matrices will be read; others are not packed.</param>
    public FloatPanels(float* matrices, int count, int rows, int inner, int panel, Predicate<int> isUsed)
    {
        (_rows, _inner, _panel) = (rows, inner, panel);
        _values = new((long)count * Panels * inner * panel, isZeroed: rows % panel != 0);
        CpuWork.Run(CpuWork.Threads, count * Panels, piece =>
        {
            var (matrix, first) = (piece / Panels, piece % Panels * panel);
            if (isUsed(matrix))
            {
                Turn(
                    matrices + ((long)matrix * rows + first) * inner, Math.Min(panel, rows - first),
                    Start(matrix, first));
            }
        });
    }

    private int Panels => (_rows + _panel - 1) / _panel;

    /// <summary>Gets the panels of a matrix from a row on, which begins one.</summary>
    public TilePanels Of(int matrix, int row) => new(Start(matrix, row), _panel, (nint)_inner * _panel, edge: null);

    /// <inheritdoc/>
    public void Dispose() => _values.Dispose();

    private float* Start(int matrix, int row) =>
        _values.Pointer + ((long)matrix * Panels + row / _panel) * _inner * _panel;

    // as it transposes any numbers of 32 bits
    private void Turn(float* source, int rows, float* target) =>
        PairPacking.Transpose((uint*)source, rows, _inner, _inner, (uint*)target, _panel);
}
