namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The output matrix in the order in which the tiles multiply by it, both ways; made anew each step: training changes
/// it.
/// </summary>
internal sealed unsafe class PackedOutput : IDisposable
{
    private readonly PairPanels _into;
    private readonly Scratch<uint> _outOf;
    private readonly OutputShape _shape;

    /// <summary>Packs.</summary>
    /// <param name="matrix">[V, D], float32.</param>
    /// <param name="shape">The sizes.</param>
    public PackedOutput(float* matrix, OutputShape shape)
    {
        _shape = shape;
        _into = new(shape.Vocabulary, shape.ModelSize);
        _outOf = new((long)shape.PaddedVocabulary / 2 * shape.Stride, isZeroed: false);
        CpuWork.Run(
            CpuWork.Threads, shape.Panels, () => new Strip(shape), (strip, panel) => Pack(matrix, panel, strip));
    }

    /// <summary>
    /// Gets the matrix that takes d_model to the logits of a panel: K = padded D, N = <see cref="OutputShape.Panel"/>.
    /// </summary>
    public ushort* Into(int panel) => _into[panel];

    /// <summary>
    /// Gets the matrix that takes logits from a column on to d_model: N = padded D. Rows beyond V are zeros.
    /// </summary>
    public ushort* OutOf(int column) => (ushort*)(_outOf.Pointer + (long)column / 2 * _shape.Stride);

    /// <inheritdoc/>
    public void Dispose()
    {
        _into.Dispose();
        _outOf.Dispose();
    }

    private void Pack(float* matrix, int panel, Strip strip)
    {
        var first = panel * OutputShape.Panel;
        var rows = Math.Min(OutputShape.Panel, _shape.Vocabulary - first);
        var source = strip.Whole(matrix + (long)first * _shape.ModelSize, rows);
        _into.Pack(matrix, panel, strip.Room);
        PairPacking.Interleaved(
            source, (uint*)OutOf(first), _shape.Stride, OutputShape.Panel, OutputShape.Panel, _shape.ModelSize,
            strip.Room);
    }

    // A thread's room, and the last panel's rows with zeros behind them.
    private sealed class Strip(OutputShape shape) : IDisposable
    {
        private readonly Scratch<ushort> _room = new(16L * shape.PaddedModelSize);
        private readonly Scratch<float> _last = new((long)OutputShape.Panel * shape.ModelSize);

        public ushort* Room => _room.Pointer;

        public float* Whole(float* source, int rows)
        {
            if (rows == OutputShape.Panel)
            {
                return source;
            }

            new ReadOnlySpan<float>(source, rows * shape.ModelSize).CopyTo(new(_last.Pointer, rows * shape.ModelSize));
            return _last.Pointer;
        }

        public void Dispose()
        {
            _room.Dispose();
            _last.Dispose();
        }
    }
}
