using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A matrix [experts, G, D] turned round, so that it takes d_model to hidden neurons: for each expert panels of some
/// neurons, each [D, panel], the last padded with zeros. Only experts with tokens are packed.
/// </summary>
internal sealed unsafe class FloatPanels : IDisposable
{
    private readonly Scratch<float> _values;
    private readonly ExpertShape _shape;
    private readonly int _panel;

    /// <summary>Packs a matrix on the threads of <see cref="CpuWork"/>.</summary>
    /// <param name="matrix">[experts, G, D].</param>
    /// <param name="shape">The sizes.</param>
    /// <param name="panel">Neurons of a panel.</param>
    /// <param name="offsets">Where each expert's positions begin.</param>
    public FloatPanels(float* matrix, ExpertShape shape, int panel, int[] offsets)
    {
        (_shape, _panel) = (shape, panel);
        var panels = (shape.ExpertSize + panel - 1) / panel;
        _values = new((long)(offsets.Length - 1) * panels * shape.ModelSize * panel, isZeroed: shape.ExpertSize % panel != 0);
        CpuWork.Run(CpuWork.Threads, (offsets.Length - 1) * panels, piece =>
        {
            var (expert, first) = (piece / panels, piece % panels * panel);
            if (offsets[expert] < offsets[expert + 1])
            {
                var source = matrix + ((long)expert * shape.ExpertSize + first) * shape.ModelSize;
                Turn(source, Math.Min(panel, shape.ExpertSize - first), Start(expert, first));
            }
        });
    }

    /// <summary>Packs the matrices of all experts.</summary>
    /// <param name="matrix">[experts, G, D], float32, contiguous, on the processor.</param>
    /// <param name="panel">Neurons of a panel.</param>
    public static FloatPanels All(Tensor matrix, int panel) => new(
        TensorMemory.Of<float>(matrix), new((int)matrix.shape[2], (int)matrix.shape[1]), panel,
        [.. Enumerable.Range(0, (int)matrix.shape[0] + 1)]);                        // as if each had one token

    /// <summary>Gets the panels of an expert from a neuron on, which begins one.</summary>
    public TilePanels Of(int expert, int neuron) =>
        new(Start(expert, neuron), _panel, (nint)_shape.ModelSize * _panel, edge: null);

    /// <inheritdoc/>
    public void Dispose() => _values.Dispose();

    private float* Start(int expert, int neuron)
    {
        var panels = (_shape.ExpertSize + _panel - 1) / _panel;
        return _values.Pointer + ((long)expert * panels + neuron / _panel) * _shape.ModelSize * _panel;
    }

    // as it transposes any numbers of 32 bits
    private void Turn(float* source, int neurons, float* target) => PairPacking.Transpose(
        (uint*)source, neurons, _shape.ModelSize, _shape.ModelSize, (uint*)target, _panel);
}
