using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// One head in float32, row after row, backward: dlogit = p · (dp − Σ p · dp) with dp = dattended · valueᵀ goes to
/// queries by keys and places, and with queries to keys and places; values get pᵀ · dattended.
/// </summary>
internal sealed unsafe class FloatAttentionBackwardPass<TLanes, TVector>(FloatAttentionCall call, int head)
    : IDisposable
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    private readonly FloatAttentionShape _shape = call.Shape;
    private readonly int _size = call.Shape.Sizes.HeadSize;
    private readonly HeadPanels<TLanes, TVector> _keys = new(call.Shape.Sizes.Keys, call.Shape.Sizes.HeadSize);
    private readonly HeadPanels<TLanes, TVector> _values = new(call.Shape.Sizes.Keys, call.Shape.Sizes.HeadSize);
    private readonly HeadPanels<TLanes, TVector> _places = new(call.Shape.Sizes.Keys, call.Shape.Sizes.HeadSize);
    private readonly FloatKeyGradient<TLanes, TVector> _byKeys = new(call.Shape);
    private readonly FloatKeyGradient<TLanes, TVector> _byValues = new(call.Shape);
    private readonly Scratch<float> _byContent = new((long)call.Shape.TileRows * call.Shape.PaddedSize);
    private readonly Scratch<float> _byPosition = new((long)call.Shape.TileRows * call.Shape.PaddedSize);
    private readonly Scratch<float> _arriving = new((long)call.Shape.TileRows * call.Shape.PaddedSize);
    private readonly Scratch<float> _byLogits = new((long)call.Shape.TileRows * call.Shape.Stride);
    private readonly Scratch<float> _byPlaced = new((long)call.Shape.TileRows * call.Shape.Stride);
    private readonly Scratch<float> _toContent = new(
        (long)call.Shape.TileRows * call.Shape.PaddedSize, isZeroed: false);
    private readonly Scratch<float> _toPosition = new(
        (long)call.Shape.TileRows * call.Shape.PaddedSize, isZeroed: false);
    private readonly RowList _rows = new(call.Shape.TileRows);

    /// <summary>Gets the sums over the rows so far.</summary>
    public AttentionSums Sums { get; } = new(call.Shape.Sizes.HeadSize);

    /// <summary>Gets the gradient by places over the rows so far.</summary>
    public FloatKeyGradient<TLanes, TVector> ByPlaces { get; } = new(call.Shape);

    /// <summary>Computes the rows of a batch from one up to another.</summary>
    /// <param name="first">The first row.</param>
    /// <param name="end">The row after the last.</param>
    /// <param name="probabilities">[batch, heads, T, stride], as forward left them.</param>
    /// <param name="arriving">The gradient by what was attended.</param>
    /// <param name="byQueries">[batch, T, heads · head]: is set.</param>
    /// <param name="byKeysAndValues">[batch, S, heads · 2 · head]: is set.</param>
    public void Run(int first, int end, float* probabilities, float* arriving, float* byQueries, float* byKeysAndValues)
    {
        _places.PackOutOf(call.Places(head), call.Stride);
        for (var batch = first; batch < end; batch++)
        {
            _keys.PackOutOf(call.Keys(batch, head), 2 * call.Stride);
            _values.PackInto(call.Values(batch, head), 2 * call.Stride);
            _byKeys.Clear();
            _byValues.Clear();
            foreach (var tile in _shape.Tiles())
            {
                Run(
                    batch, tile, probabilities + call.PlaceOfProbabilities(batch, head, tile.First), arriving,
                    byQueries);
            }

            var target = byKeysAndValues + call.PlaceOfKey(batch, head, 0);
            _byKeys.Write(target, 2 * call.Stride);
            _byValues.Write(target + _size, 2 * call.Stride);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Array.ForEach([_keys, _values, _places], panels => panels.Dispose());
        Array.ForEach([_byKeys, _byValues, ByPlaces], gradient => gradient.Dispose());
        _rows.Dispose();
        Array.ForEach(
            [_byContent, _byPosition, _arriving, _byLogits, _byPlaced, _toContent, _toPosition],
            scratch => scratch.Dispose());
    }

    private void Run(int batch, FloatAttentionTile tile, float* probabilities, float* arriving, float* byQueries)
    {
        call.LoadQueries(batch, head, tile, call.ContentBias(head), _byContent.Pointer);
        call.LoadQueries(batch, head, tile, call.PositionBias(head), _byPosition.Pointer);
        for (var row = 0; row < tile.Count; row++)
        {
            new ReadOnlySpan<float>(arriving + call.Place(batch, head, tile.First + row), _size)
                .CopyTo(new(_arriving.Pointer + row * _shape.PaddedSize, _size));
        }

        Differentiate(batch, tile, probabilities);
        ToQueries(batch, tile, byQueries);
        _byKeys.Add(_byLogits.Pointer, tile.Count, 0, tile.EndOfKeys, _byContent.Pointer);
        _byValues.Add(probabilities, tile.Count, 0, tile.EndOfKeys, _arriving.Pointer);
        ByPlaces.Add(_byPlaced.Pointer, tile.Count, tile.StartOfPositions, _shape.PaddedKeys, _byPosition.Pointer);
    }

    // The gradient by logits, by key and by position.
    private void Differentiate(int batch, FloatAttentionTile tile, float* probabilities)
    {
        var rows = _rows.Of(_byLogits.Pointer, _shape.Stride, tile.Count);
        RegisterTiles<TLanes, TVector>.Multiply(
            new(_arriving.Pointer, _shape.PaddedSize, 1), tile.Count, _values.Into(0), _size, rows, tile.EndOfKeys,
            add: false);
        var (start, end) = (tile.StartOfPositions, _shape.PaddedKeys);
        for (var row = 0; row < tile.Count; row++)
        {
            var (first, count, shift) = tile.Queries.Window(batch, row);
            var all = new Span<float>(rows[row], tile.EndOfKeys);
            var by = all.Slice(first, count);
            var p = new ReadOnlySpan<float>(probabilities + (long)row * _shape.Stride + first, count);
            TensorPrimitives.Subtract(by, TensorPrimitives.Dot(p, by), by);
            TensorPrimitives.Multiply(by, p, by);
            all[..first].Clear();
            all[(first + count)..].Clear();
            var placed = new Span<float>(_byPlaced.Pointer + (long)row * _shape.Stride, end);
            placed[start..(first + shift)].Clear();
            by.CopyTo(placed[(first + shift)..]);
            placed[(first + shift + count)..].Clear();
        }
    }

    private void ToQueries(int batch, FloatAttentionTile tile, float* byQueries)
    {
        var start = tile.StartOfPositions;
        RegisterTiles<TLanes, TVector>.Multiply(
            new(_byLogits.Pointer, _shape.Stride, 1), tile.Count, _keys.OutOf(0), tile.EndOfKeys,
            _rows.Of(_toContent.Pointer, _shape.PaddedSize, tile.Count), _shape.PaddedSize, add: false);
        RegisterTiles<TLanes, TVector>.Multiply(
            new(_byPlaced.Pointer + start, _shape.Stride, 1), tile.Count, _places.OutOf(start),
            _shape.PaddedKeys - start,
            _rows.Of(_toPosition.Pointer, _shape.PaddedSize, tile.Count), _shape.PaddedSize, add: false);
        for (var row = 0; row < tile.Count; row++)
        {
            var content = new Span<float>(_toContent.Pointer + row * _shape.PaddedSize, _size);
            var position = new Span<float>(_toPosition.Pointer + row * _shape.PaddedSize, _size);
            Sums.Add(new(call.Query(batch, head, tile.First + row), _size), content, position);
            var target = new Span<float>(byQueries + call.Place(batch, head, tile.First + row), _size);
            TensorPrimitives.AddMultiply(content, position, call.Scale, target);
        }
    }
}
