using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A gradient [S, head] in float32 to which tiles of queries add leftᵀ · right, left being [queries, S].
/// </summary>
internal sealed unsafe class FloatKeyGradient<TLanes, TVector>(FloatAttentionShape shape) : IDisposable
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    private readonly Scratch<float> _sum = new((long)shape.PaddedKeys * shape.PaddedSize);
    private readonly RowList _rows = new(shape.PaddedKeys);

    private Span<float> All => new(_sum.Pointer, shape.PaddedKeys * shape.PaddedSize);

    /// <summary>Begins anew.</summary>
    public void Clear() => All.Clear();

    /// <summary>Adds another's sum.</summary>
    public void Add(FloatKeyGradient<TLanes, TVector> other) => TensorPrimitives.Add(All, other.All, All);

    /// <summary>Adds a tile.</summary>
    /// <param name="left">[queries, S].</param>
    /// <param name="queries">How many.</param>
    /// <param name="first">The first key.</param>
    /// <param name="end">The key after the last.</param>
    /// <param name="right">[queries, padded head].</param>
    public void Add(float* left, int queries, int first, int end, float* right) =>
        RegisterTiles<TLanes, TVector>.Multiply(
        new(left + first, 1, shape.Stride), end - first, new(right, shape.PaddedSize, shape.Panel, edge: null), queries,
        _rows.Of(_sum.Pointer + (long)first * shape.PaddedSize, shape.PaddedSize, end - first), shape.PaddedSize,
        add: true);

    /// <summary>Copies the rows of keys to where they belong.</summary>
    public void Write(float* target, nint stride) =>
        PaddedRows.Copy(_sum.Pointer, shape.PaddedSize, target, stride, shape.Sizes.Keys, shape.Sizes.HeadSize);

    /// <inheritdoc/>
    public void Dispose()
    {
        _sum.Dispose();
        _rows.Dispose();
    }
}
