using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A weight that does not change, in bfloat16 and in the order in which <see cref="Brgemm"/> reads it: libtorch's
/// products put it into such an order at every call, which for a text's few tokens is most of the work.
/// </summary>
internal sealed unsafe class PairMatrix : IKeptForm
{
    private const int TileRows = 128;
    private readonly int _outputs;
    private readonly int _inputs;
    private readonly PairPanels _panels;

    /// <summary>Packs a weight that <see cref="Takes"/> takes.</summary>
    public PairMatrix(Tensor weight)
    {
        (_outputs, _inputs) = ((int)weight.size(0), (int)weight.size(1));
        _panels = new(_outputs, _inputs);
        var source = TensorMemory.Of<float>(weight);
        CpuWork.Run(
            CpuWork.Threads, Panels, () => new Scratch<ushort>(16L * _panels.PaddedInner),
            (strip, panel) => _panels.Pack(source, panel, strip.Pointer));
    }

    private int Panels => (_outputs + PairPanels.Columns - 1) / PairPanels.Columns;

    /// <summary>Gets whether a weight can be packed, and multiplied by some rows in this number type.</summary>
    /// <param name="weight">[outputs, inputs].</param>
    /// <param name="type">The number type of products.</param>
    /// <param name="rows">Rows of x.</param>
    public static bool Takes(Tensor weight, ScalarType type, long rows) =>
        type == ScalarType.BFloat16 && Brgemm.IsAvailable && rows > 0
        && weight.device_type == DeviceType.CPU && weight.dtype == ScalarType.Float32 && weight.is_contiguous()
        && Math.Max(weight.numel(), rows * weight.shape.Max()) < int.MaxValue / sizeof(float);

    /// <summary>Computes x · weightᵀ, [.., outputs], bfloat16.</summary>
    /// <param name="x">[.., inputs], float32 or bfloat16.</param>
    public Tensor Multiply(Tensor x)
    {
        using var source = x.contiguous();
        var rows = (int)(x.numel() / _inputs);
        var result = empty([.. x.shape[..^1], _outputs], dtype: ScalarType.BFloat16);           // [.., outputs]
        using var rounded = Round(new(source), rows);
        var threads = CpuWork.Readers((long)_inputs * _outputs * Math.Max(1, rows / 8));
        var tiles = (rows + TileRows - 1) / TileRows;
        var groups = Math.Clamp((2 * threads + tiles - 1) / tiles, 1, Panels);
        CpuWork.Run(threads, tiles * groups, () => new Worker(this, rounded.Pointer, new(result)), (worker, piece) =>
        {
            var (row, group) = (piece / groups * TileRows, piece % groups);
            worker.Run(row, Math.Min(TileRows, rows - row), Panels * group / groups, Panels * (group + 1) / groups);
        });
        return result;
    }

    /// <inheritdoc/>
    public IEnumerable<(nint Start, long Bytes)> Memory => [_panels.Memory];

    /// <inheritdoc/>
    public void Dispose() => _panels.Dispose();

    // [rows + 16, padded inputs]: products take some rows more
    private Scratch<ushort> Round(TensorRows x, int rows)
    {
        var width = _panels.PaddedInner;
        var rounded = new Scratch<ushort>((rows + 16L) * width);
        CpuWork.Each(rows, (first, end) =>
        {
            for (var row = first; row < end; row++)
            {
                x.ReadBFloat16(row, new(rounded.Pointer + row * width, _inputs));
            }
        });
        return rounded;
    }

    private sealed class Worker(PairMatrix matrix, ushort* x, TensorRows result) : IDisposable
    {
        private readonly Brgemm _brgemm = new();
        private readonly Scratch<float> _product = new(TileRows * PairPanels.Columns, isZeroed: false);

        public void Run(int firstRow, int count, int firstPanel, int endPanel)
        {
            var width = matrix._panels.PaddedInner;
            for (var panel = firstPanel; panel < endPanel; panel++)
            {
                var column = panel * PairPanels.Columns;
                _brgemm.Multiply(
                    Height(count), PairPanels.Columns, width, x + (long)firstRow * width, width, matrix._panels[panel],
                    _product.Pointer, PairPanels.Columns, accumulate: false);
                for (var row = 0; row < count; row++)
                {
                    result.Write(firstRow + row, column, new(
                        _product.Pointer + row * PairPanels.Columns,
                        Math.Min(PairPanels.Columns, matrix._outputs - column)));
                }
            }
        }

        public void Dispose()
        {
            _brgemm.Dispose();
            _product.Dispose();
        }

        // Each height is compiled once a thread: few of them, and few rows in vain.
        private static int Height(int rows) => rows <= 4 ? rows : Padding.Up(rows, rows <= 32 ? 4 : 16);
    }
}
