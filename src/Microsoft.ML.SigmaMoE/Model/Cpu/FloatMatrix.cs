using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>A weight in float32: panels of two registers' columns, for <see cref="RegisterTiles{TLanes, TVector}"/>.</summary>
internal sealed unsafe class FloatMatrix<TLanes, TVector> : PackedMatrix
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    private const int TileRows = 96;
    private readonly FloatPanels _panels;

    public FloatMatrix(Tensor weight)
        : base(weight, ScalarType.Float32, TileRows, RegisterTiles<TLanes, TVector>.Panel)
    {
        _panels = new(TensorMemory.Of<float>(weight), 1, Outputs, Inputs, RegisterTiles<TLanes, TVector>.Panel);
    }

    public override void Dispose() => _panels.Dispose();

    protected override IProduct Begin(TensorRows x, int rows, TensorRows result) => new Product(this, x, rows, result);

    // Tiles read A up to three rows beyond the last.
    private sealed class Product : IProduct
    {
        private readonly FloatMatrix<TLanes, TVector> _matrix;
        private readonly Scratch<float> _x;
        private readonly TensorRows _result;

        public Product(FloatMatrix<TLanes, TVector> matrix, TensorRows x, int rows, TensorRows result)
        {
            (_matrix, _result) = (matrix, result);
            _x = new((rows + 3L) * x.Width, isZeroed: false);
            for (var row = 0; row < rows; row++)
            {
                x.Read(row, 0, new(_x.Pointer + (long)row * x.Width, x.Width));
            }
        }

        public IWorker Hire() => new Worker(_matrix, _x.Pointer, _result);

        public void Dispose() => _x.Dispose();
    }

    private sealed class Worker(FloatMatrix<TLanes, TVector> matrix, float* x, TensorRows result) : IWorker
    {
        private readonly RowList _targets = new(TileRows);

        public void Run(int firstRow, int count, int firstPanel, int endPanel)
        {
            var panel = RegisterTiles<TLanes, TVector>.Panel;
            var column = firstPanel * panel;
            var target = result.Float32(firstRow) + column;
            RegisterTiles<TLanes, TVector>.Multiply(
                new(x + (long)firstRow * matrix.Inputs, matrix.Inputs, 1), count, matrix._panels.Of(0, column), matrix.Inputs,
                _targets.Of(target, matrix.Outputs, count), Math.Min(endPanel * panel, matrix.Outputs) - column, add: false);
        }

        public void Dispose() => _targets.Dispose();
    }
}
