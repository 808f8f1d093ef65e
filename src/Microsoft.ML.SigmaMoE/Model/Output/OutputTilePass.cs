using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The work of one thread on tiles of tokens: loss, gradient by bias and hidden states, and by logits.
/// </summary>
/// <param name="block">The tokens.</param>
/// <param name="packed">The matrix.</param>
/// <param name="byBias">[padded V]: the gradient by the bias is added to it.</param>
internal sealed unsafe class OutputTilePass(OutputBlock block, PackedOutput packed, float* byBias) : IDisposable
{
    private const int Panel = OutputShape.Panel;
    private const int Chunk = OutputShape.Chunk;
    private readonly int _columns = block.Shape.PaddedVocabulary;
    private readonly Brgemm _brgemm = new();
    private readonly Scratch<float> _product = new(OutputShape.TileRows * Panel, isZeroed: false);
    private readonly Scratch<float> _rows = new(2L * block.Shape.PaddedVocabulary, isZeroed: false);
    private readonly Scratch<uint> _pairs = new(
        OutputShape.TileRows / 2L * block.Shape.PaddedModelSize, isZeroed: false);
    private readonly Scratch<float> _byHidden = new((long)OutputShape.TileRows * block.Shape.Stride, isZeroed: false);
    private readonly Scratch<ushort> _zeros = new(block.Shape.PaddedModelSize);

    // [chunks, rows + 1, chunk]: logits, then the gradient by them; powers of two apart, chunks would meet in the cache
    private readonly Scratch<ushort> _tile = new(
        (OutputShape.TileRows + 1L) * Padding.Up(block.Shape.PaddedVocabulary, Chunk), isZeroed: false);

    /// <summary>Gets the sum of the tokens' losses.</summary>
    public double Loss { get; private set; }

    /// <summary>Computes a tile.</summary>
    /// <param name="first">Its first token.</param>
    /// <param name="count">How many.</param>
    public void Run(int first, int count)
    {
        var padded = Math.Min(Padding.Up(count, 32), block.PaddedCount - first);
        Read(first, count, padded);
        Multiply(first, count);
        for (var row = 0; row < padded; row += 2)
        {
            Differentiate(first, row, count);
        }

        Return(first, count);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _brgemm.Dispose();
        _product.Dispose();
        _rows.Dispose();
        _pairs.Dispose();
        _byHidden.Dispose();
        _zeros.Dispose();
        _tile.Dispose();
    }

    private ushort* Logits(int row, int column) =>
        _tile.Pointer + ((long)(column / Chunk) * (OutputShape.TileRows + 1) + row) * Chunk + column % Chunk;

    // Hidden states in bfloat16, as they are and turned round.
    private void Read(int first, int count, int padded)
    {
        var (size, width) = (block.Shape.ModelSize, block.Shape.PaddedModelSize);
        for (var row = 0; row < count; row++)
        {
            BFloat16Rounding.Round(
                new(block.Source + (long)(first + row) * size, size), new(block.Hidden(first + row), size));
        }

        for (var row = 0; row < padded; row += 2)
        {
            var even = row < count ? block.Hidden(first + row) : _zeros.Pointer;
            var odd = row + 1 < count ? block.Hidden(first + row + 1) : _zeros.Pointer;
            PairPacking.Interleave(even, odd, _pairs.Pointer + (long)row / 2 * width, width);
        }

        PairPacking.Transpose(_pairs.Pointer, padded / 2, size, width, block.Turned(first), block.TurnedStride / 2);
    }

    private void Multiply(int first, int count)
    {
        for (var panel = 0; panel < block.Shape.Panels; panel++)
        {
            _brgemm.Multiply(
                count, Panel, block.Shape.PaddedModelSize, block.Hidden(first), block.Shape.PaddedModelSize,
                packed.Into(panel), _product.Pointer, Panel, accumulate: false);
            Round(Logits(0, panel * Panel), count);
        }
    }

    // The gradient by hidden states.
    private void Return(int first, int count)
    {
        var (size, width, stride) = (block.Shape.ModelSize, block.Shape.PaddedModelSize, block.Shape.Stride);
        for (var column = 0; column < _columns; column += Chunk)
        {
            _brgemm.Multiply(
                count, width, Math.Min(Chunk, _columns - column), Logits(0, column), Chunk, packed.OutOf(column),
                stride,
                _byHidden.Pointer, stride, accumulate: column > 0);
        }

        PaddedRows.Copy(_byHidden.Pointer, stride, block.ByHidden + (long)first * size, size, count, size);
    }

    // Two tokens' logits become the gradient by them. Behind the last token are zeros.
    private void Differentiate(int first, int row, int count)
    {
        var even = Softmax(first, row, count, _rows.Pointer);
        var odd = Softmax(first, row + 1, count, _rows.Pointer + _columns);
        Scale(first, row, even, odd);
    }

    // exp(logit − largest), less at the target the sum of all: times the result it is the gradient.
    private float Softmax(int first, int row, int count, float* exponentials)
    {
        if (row >= count)
        {
            new Span<float>(exponentials, _columns).Clear();
            return 0;
        }

        for (var column = 0; column < _columns; column += Chunk)
        {
            var width = Math.Min(Chunk, _columns - column);
            BFloat16Rounding.Widen(new(Logits(row, column), width), new(exponentials + column, width));
        }

        var target = block.Targets[first + row];
        var wanted = exponentials[target] + block.Bias[target];
        var (largest, sum) = SoftmaxRow.Exponentiate(new(exponentials, _columns), block.Bias);
        exponentials[target] -= sum;
        Loss += Math.Log(sum) + largest - wanted;
        return block.Share / sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Round(ushort* logits, int count)
    {
        for (var row = 0; row < count; row++)
        {
            var source = _product.Pointer + row * Panel;
            var target = logits + row * Chunk;
            for (var i = 0; i < Panel; i += 32)
            {
                BFloat16Rounding.Narrow(Vector512.Load(source + i), Vector512.Load(source + i + 16)).Store(target + i);
            }
        }
    }

    private void Scale(int first, int row, float even, float odd)
    {
        for (var column = 0; column < _columns; column += Panel)
        {
            Scale(
                _rows.Pointer + column, even, _columns, odd, byBias + column, Logits(row, column),
                block.ByLogits(column / Panel, first + row));
        }
    }

    // A panel of two rows, the second behind the first by some numbers.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scale(float* x, float even, int behind, float odd, float* byBias, ushort* rows, uint* pairs)
    {
        for (var i = 0; i < Panel; i += 32)
        {
            var (x0, x1) = (Vector512.Load(x + i) * even, Vector512.Load(x + i + 16) * even);
            var (y0, y1) = (Vector512.Load(x + behind + i) * odd, Vector512.Load(x + behind + i + 16) * odd);
            (Vector512.Load(byBias + i) + (x0 + y0)).Store(byBias + i);
            (Vector512.Load(byBias + i + 16) + (x1 + y1)).Store(byBias + i + 16);
            BFloat16Rounding.Narrow(x0, x1, y0, y1, rows + i, rows + Chunk + i, pairs + i);
        }
    }
}
