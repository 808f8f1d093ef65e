using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// One head after another in float32, forward: logits by content and by position of a tile of queries, softmax over
/// what each sees, and the mean of the values.
/// </summary>
internal sealed unsafe class FloatAttentionForwardPass<TLanes, TVector>(FloatAttentionCall call) : IDisposable
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    private readonly FloatAttentionShape _shape = call.Shape;
    private readonly int _size = call.Shape.Sizes.HeadSize;
    private readonly HeadPanels<TLanes, TVector> _keys = new(call.Shape.Sizes.Keys, call.Shape.Sizes.HeadSize);
    private readonly HeadPanels<TLanes, TVector> _values = new(call.Shape.Sizes.Keys, call.Shape.Sizes.HeadSize);
    private readonly HeadPanels<TLanes, TVector> _places = new(call.Shape.Sizes.Keys, call.Shape.Sizes.HeadSize);
    private readonly Scratch<float> _byContent = new((long)call.Shape.TileRows * call.Shape.PaddedSize);
    private readonly Scratch<float> _byPosition = new((long)call.Shape.TileRows * call.Shape.PaddedSize);
    private readonly Scratch<float> _position = new((long)call.Shape.TileRows * call.Shape.Stride, isZeroed: false);
    private readonly Scratch<float> _unkept = new((long)call.Shape.TileRows * call.Shape.Stride);
    private readonly RowList _rows = new(call.Shape.TileRows);
    private int _head = -1;

    /// <summary>Computes a head of a row.</summary>
    /// <param name="batch">The row.</param>
    /// <param name="head">The head.</param>
    /// <param name="probabilities">
    /// [batch, heads, T, stride]: is set, as far as each tile sees; null where nobody needs them.
    /// </param>
    /// <param name="attended">[batch, T, heads · head]: is set.</param>
    public void Run(int batch, int head, float* probabilities, float* attended)
    {
        if (head != _head)
        {
            _places.PackInto(call.Places(head), call.Stride);
            _head = head;
        }

        _keys.PackInto(call.Keys(batch, head), 2 * call.Stride);
        _values.PackOutOf(call.Values(batch, head), 2 * call.Stride);
        foreach (var tile in _shape.Tiles())
        {
            // logits become probabilities where they are kept
            var kept = probabilities == null
                ? _unkept.Pointer
                : probabilities + call.PlaceOfProbabilities(batch, head, tile.First);
            Run(batch, head, tile, kept, attended);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Array.ForEach([_keys, _values, _places], panels => panels.Dispose());
        Array.ForEach([_byContent, _byPosition, _position, _unkept], scratch => scratch.Dispose());
        _rows.Dispose();
    }

    private void Run(int batch, int head, FloatAttentionTile tile, float* kept, float* attended)
    {
        Logits(batch, head, tile, kept);
        for (var row = 0; row < tile.Count; row++)
        {
            Softmax(tile, row, tile.Queries.Window(batch, row), kept + (long)row * _shape.Stride);
        }

        RegisterTiles<TLanes, TVector>.Multiply(
            new(kept, _shape.Stride, 1), tile.Count, _values.OutOf(0), tile.EndOfKeys,
            _rows.Of(attended + call.Place(batch, head, tile.First), call.Stride, tile.Count), _size, add: false);
    }

    private void Logits(int batch, int head, FloatAttentionTile tile, float* content)
    {
        var start = tile.StartOfPositions;
        call.LoadQueries(batch, head, tile, call.ContentBias(head), _byContent.Pointer);
        call.LoadQueries(batch, head, tile, call.PositionBias(head), _byPosition.Pointer);
        RegisterTiles<TLanes, TVector>.Multiply(
            new(_byContent.Pointer, _shape.PaddedSize, 1), tile.Count, _keys.Into(0), _size,
            _rows.Of(content, _shape.Stride, tile.Count), tile.EndOfKeys, add: false);
        RegisterTiles<TLanes, TVector>.Multiply(
            new(_byPosition.Pointer, _shape.PaddedSize, 1), tile.Count, _places.Into(start), _size,
            _rows.Of(_position.Pointer + start, _shape.Stride, tile.Count), _shape.PaddedKeys - start, add: false);
    }

    private void Softmax(FloatAttentionTile tile, int row, (int First, int Count, int Shift) window, float* logits)
    {
        var seen = new Span<float>(logits + window.First, window.Count);
        var places = _position.Pointer + (long)row * _shape.Stride + window.First + window.Shift;
        var (_, sum) = SoftmaxRow.Exponentiate(seen, new(places, window.Count));
        TensorPrimitives.Multiply(seen, 1 / sum, seen);
        var all = new Span<float>(logits, tile.EndOfKeys);
        all[..window.First].Clear();
        all[(window.First + window.Count)..].Clear();
    }
}
