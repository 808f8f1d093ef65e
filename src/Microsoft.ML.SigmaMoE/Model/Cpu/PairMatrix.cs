using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>A weight in bfloat16: panels of pairs, for <see cref="Brgemm"/>.</summary>
internal sealed unsafe class PairMatrix : PackedMatrix
{
    private const int TileRows = 128;
    private readonly PairPanels _panels;

    public PairMatrix(Tensor weight)
        : base(weight, ScalarType.BFloat16, TileRows, PairPanels.Columns)
    {
        var source = TensorMemory.Of<float>(weight);
        _panels = new(Outputs, Inputs);
        CpuWork.Run(
            CpuWork.Threads, Panels, () => new Scratch<ushort>(16L * _panels.PaddedInner),
            (strip, panel) => _panels.Pack(source, panel, strip.Pointer));
    }

    public override void Dispose() => _panels.Dispose();

    protected override IProduct Begin(TensorRows x, int rows, TensorRows result) => new Product(this, x, rows, result);

    private sealed class Product : IProduct
    {
        private readonly PairMatrix _matrix;
        private readonly Scratch<ushort> _x;                                       // [rows + 16, padded inputs]
        private readonly TensorRows _result;

        public Product(PairMatrix matrix, TensorRows x, int rows, TensorRows result)
        {
            (_matrix, _result) = (matrix, result);
            var width = matrix._panels.PaddedInner;
            _x = new((rows + 16L) * width);
            CpuWork.Each(rows, (first, end) =>
            {
                for (var row = first; row < end; row++)
                {
                    x.ReadBFloat16(row, new(_x.Pointer + row * width, x.Width));
                }
            });
        }

        public IWorker Hire() => new Worker(_matrix, _x.Pointer, _result);

        public void Dispose() => _x.Dispose();
    }

    private sealed class Worker(PairMatrix matrix, ushort* x, TensorRows result) : IWorker
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
                        _product.Pointer + row * PairPanels.Columns, Math.Min(PairPanels.Columns, matrix.Outputs - column)));
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
