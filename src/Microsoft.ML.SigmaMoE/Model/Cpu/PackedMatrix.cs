using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A weight that does not change, in the order in which tiles read it: libtorch's products put it into such an order at every
/// call, which for a text's few tokens is most of the work.
/// </summary>
internal abstract class PackedMatrix : IDisposable
{
    // Measured: of 64 rows MKL multiplies as fast, of 512 a quarter faster.
    private const long MostFloatRows = 48;

    private readonly ScalarType _type;
    private readonly int _tileRows;
    private readonly int _panel;

    /// <summary>Remembers the sizes.</summary>
    /// <param name="weight">[outputs, inputs].</param>
    /// <param name="type">The number type of the product.</param>
    /// <param name="tileRows">The most rows that are multiplied at once.</param>
    /// <param name="panel">Columns of a panel.</param>
    protected PackedMatrix(Tensor weight, ScalarType type, int tileRows, int panel)
    {
        (Outputs, Inputs) = ((int)weight.shape[0], (int)weight.shape[1]);
        (_type, _tileRows, _panel) = (type, tileRows, panel);
    }

    /// <summary>Gets the length of a row of x.</summary>
    protected int Inputs { get; }

    /// <summary>Gets the length of a row of the product.</summary>
    protected int Outputs { get; }

    /// <summary>Gets how many panels there are; the last may have fewer columns.</summary>
    protected int Panels => (Outputs + _panel - 1) / _panel;

    /// <summary>Gets whether this is the fastest way to multiply some rows by a weight.</summary>
    /// <param name="weight">[outputs, inputs].</param>
    /// <param name="type">The number type of products.</param>
    /// <param name="rows">Rows of x.</param>
    public static bool Takes(Tensor weight, ScalarType type, long rows) =>
        rows > 0 && weight.device_type == DeviceType.CPU && weight.dtype == ScalarType.Float32
        && weight.is_contiguous() && Math.Max(weight.numel(), rows * weight.shape.Max()) < int.MaxValue / sizeof(float)
        && (type == ScalarType.BFloat16
            ? Brgemm.IsAvailable
            : Processor.HasRegisterTiles && rows is > FewRows.Most and <= MostFloatRows);

    /// <summary>Packs a weight that <see cref="Takes"/> takes.</summary>
    public static PackedMatrix Of(Tensor weight, ScalarType type) =>
        type == ScalarType.BFloat16 ? new PairMatrix(weight)
        : Vector512.IsHardwareAccelerated ? new FloatMatrix<Lanes512, Vector512<float>>(weight)
        : new FloatMatrix<Lanes256, Vector256<float>>(weight);

    /// <summary>Computes x · weightᵀ, [.., outputs].</summary>
    /// <param name="x">[.., inputs], float32 or bfloat16.</param>
    public Tensor Multiply(Tensor x)
    {
        using var source = x.contiguous();
        var (from, rows) = (new TensorRows(source), (int)(x.numel() / Inputs));
        var result = empty([.. x.shape[..^1], Outputs], dtype: _type);             // [.., outputs]
        using var product = Begin(from, rows, new TensorRows(result));
        var threads = CpuWork.Readers((long)Inputs * Outputs * Math.Max(1, rows / 8));
        var tiles = (rows + _tileRows - 1) / _tileRows;
        var groups = Math.Clamp((2 * threads + tiles - 1) / Math.Max(1, tiles), 1, Panels);
        CpuWork.Run(threads, tiles * groups, product.Hire, (worker, piece) =>
        {
            var (row, group) = (piece / groups * _tileRows, piece % groups);
            worker.Run(row, Math.Min(_tileRows, rows - row), Panels * group / groups, Panels * (group + 1) / groups);
        });
        return result;
    }

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Prepares a product; called on one thread.</summary>
    protected abstract IProduct Begin(TensorRows x, int rows, TensorRows result);

    /// <summary>One product: x as tiles read it.</summary>
    protected interface IProduct : IDisposable
    {
        /// <summary>Makes what one thread works with.</summary>
        IWorker Hire();
    }

    /// <summary>The work of one thread.</summary>
    protected interface IWorker : IDisposable
    {
        /// <summary>Multiplies some rows by the panels from <paramref name="firstPanel"/> up to <paramref name="endPanel"/>.</summary>
        void Run(int firstRow, int count, int firstPanel, int endPanel);
    }
}
