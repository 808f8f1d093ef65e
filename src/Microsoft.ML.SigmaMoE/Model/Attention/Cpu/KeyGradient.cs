using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A gradient [S, head] in float32 to which tiles of queries add leftᵀ · right, left being [queries, S].
/// </summary>
internal sealed unsafe class KeyGradient(AttentionShape shape) : IDisposable
{
    private readonly Scratch<float> _sum = new((long)shape.PaddedKeys * shape.PaddedSize);
    private readonly Scratch<uint> _pairs = new((long)shape.TileRows / 2 * shape.PaddedKeys, isZeroed: false);
    private readonly Scratch<uint> _turned = new((long)shape.TileRows / 2 * shape.PaddedKeys, isZeroed: false);

    /// <summary>Begins anew.</summary>
    public void Clear() => new Span<float>(_sum.Pointer, shape.PaddedKeys * shape.PaddedSize).Clear();

    /// <summary>Adds another's sum.</summary>
    public void Add(KeyGradient other)
    {
        var sum = new Span<float>(_sum.Pointer, shape.PaddedKeys * shape.PaddedSize);
        TensorPrimitives.Add(sum, new ReadOnlySpan<float>(other._sum.Pointer, sum.Length), sum);
    }

    /// <summary>Adds a tile.</summary>
    /// <param name="brgemm">The calling thread's.</param>
    /// <param name="left">[rows, padded S].</param>
    /// <param name="rows">Its queries, padded with zeros.</param>
    /// <param name="first">The first key.</param>
    /// <param name="end">The key after the last.</param>
    /// <param name="right">[rows, head], packed out of rows.</param>
    public void Add(Brgemm brgemm, ushort* left, int rows, int first, int end, HeadMatrix right)
    {
        var width = end - first;
        for (var row = 0; row < rows; row += 2)
        {
            var even = left + (long)row * shape.PaddedKeys + first;
            PairPacking.Interleave(even, even + shape.PaddedKeys, _pairs.Pointer + (long)row / 2 * width, width);
        }

        PairPacking.Transpose(_pairs.Pointer, rows / 2, width, width, _turned.Pointer, rows / 2);
        brgemm.Multiply(
            width, shape.PaddedSize, rows, (ushort*)_turned.Pointer, rows, right.OutOf(0),
            _sum.Pointer + (long)first * shape.PaddedSize, shape.PaddedSize, accumulate: true);
    }

    /// <summary>Rounds the rows of keys to where they belong.</summary>
    public void Write(ushort* target, int stride)
    {
        for (var key = 0; key < shape.Keys; key++)
        {
            BFloat16Rounding.Round(
                new(_sum.Pointer + (long)key * shape.PaddedSize, shape.HeadSize),
                new(target + (long)key * stride, shape.HeadSize));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sum.Dispose();
        _pairs.Dispose();
        _turned.Dispose();
    }
}
