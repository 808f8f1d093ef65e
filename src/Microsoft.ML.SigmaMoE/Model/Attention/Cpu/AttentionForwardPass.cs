using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// One head after another, forward: logits by content and by position of a tile of queries, softmax over what each
/// sees, and the mean of the values.
/// </summary>
internal sealed unsafe class AttentionForwardPass(BFloat16AttentionCall call) : IDisposable
{
    private readonly Brgemm _brgemm = new();
    private readonly AttentionShape _shape = call.Sizes;
    private readonly HeadMatrix _keys = new(call.Sizes.Keys, call.Sizes.HeadSize);
    private readonly HeadMatrix _values = new(call.Sizes.Keys, call.Sizes.HeadSize);
    private readonly HeadMatrix _places = new(call.Sizes.Keys, call.Sizes.HeadSize);
    private readonly HeadMatrix _byContent = new(call.Sizes.TileRows, call.Sizes.HeadSize);
    private readonly HeadMatrix _byPosition = new(call.Sizes.TileRows, call.Sizes.HeadSize);
    private readonly Scratch<float> _content = new((long)call.Sizes.TileRows * call.Sizes.PaddedKeys, isZeroed: false);
    private readonly Scratch<float> _position = new((long)call.Sizes.TileRows * call.Sizes.PaddedKeys, isZeroed: false);
    private readonly Scratch<ushort> _probabilities = new(
        (long)call.Sizes.TileRows * call.Sizes.PaddedKeys, isZeroed: false);
    private readonly Scratch<float> _mean = new((long)call.Sizes.TileRows * call.Sizes.PaddedSize, isZeroed: false);
    private int _head = -1;

    /// <summary>Computes a head of a row.</summary>
    /// <param name="batch">The row.</param>
    /// <param name="head">The head.</param>
    /// <param name="probabilities">
    /// [batch, heads, T, padded S]: is set, as far as each tile sees; null where nobody needs them.
    /// </param>
    /// <param name="attended">[batch, T, heads · head]: is set.</param>
    public void Run(int batch, int head, ushort* probabilities, ushort* attended)
    {
        if (head != _head)
        {
            call.LoadPlaces(head, _places);
            _places.PackInto();
            _head = head;
        }

        call.LoadKeys(batch, head, _keys);
        call.LoadValues(batch, head, _values);
        _keys.PackInto();
        _values.PackOutOf();
        foreach (var tile in _shape.Tiles())
        {
            Logits(batch, head, tile);
            var target = probabilities == null
                ? _probabilities.Pointer
                : probabilities + call.PlaceOfProbabilities(batch, head) + (long)tile.First * _shape.PaddedKeys;
            for (var row = 0; row < tile.Count; row++)
            {
                Softmax(tile, row, tile.Window(batch, row), target + (long)row * _shape.PaddedKeys);
            }

            _brgemm.Multiply(
                tile.Count, _shape.PaddedSize, tile.EndOfKeys, target, _shape.PaddedKeys, _values.OutOf(0),
                _mean.Pointer, _shape.PaddedSize, accumulate: false);
            for (var row = 0; row < tile.Count; row++)
            {
                BFloat16Rounding.Round(
                    new(_mean.Pointer + row * _shape.PaddedSize, _shape.HeadSize),
                    new(attended + call.Place(batch, head, tile.First + row), _shape.HeadSize));
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _brgemm.Dispose();
        _keys.Dispose();
        _values.Dispose();
        _places.Dispose();
        _byContent.Dispose();
        _byPosition.Dispose();
        _content.Dispose();
        _position.Dispose();
        _mean.Dispose();
        _probabilities.Dispose();
    }

    private void Logits(int batch, int head, AttentionTile tile)
    {
        var (keys, start) = (_shape.PaddedKeys, tile.StartOfPositions);
        call.LoadQueries(batch, head, tile, call.ContentBias(head), _byContent);
        call.LoadQueries(batch, head, tile, call.PositionBias(head), _byPosition);
        _brgemm.Multiply(
            tile.Count, tile.EndOfKeys, _shape.PaddedSize, _byContent[0], _shape.PaddedSize, _keys.Into(0), keys,
            _content.Pointer, keys, accumulate: false);
        _brgemm.Multiply(
            tile.Count, keys - start, _shape.PaddedSize, _byPosition[0], _shape.PaddedSize, _places.Into(start), keys,
            _position.Pointer + start, keys, accumulate: false);
    }

    private void Softmax(AttentionTile tile, int row, (int First, int Count, int Shift) window, ushort* target)
    {
        var start = (long)row * _shape.PaddedKeys;
        var seen = new Span<float>(_content.Pointer + start + window.First, window.Count);
        var (_, sum) = SoftmaxRow.Exponentiate(
            seen, new(_position.Pointer + start + window.First + window.Shift, window.Count));
        TensorPrimitives.Multiply(seen, 1 / sum, seen);
        var all = new Span<float>(_content.Pointer + start, Padding.Up(window.First + window.Count, 32));
        all[..window.First].Clear();
        all[(window.First + window.Count)..].Clear();
        BFloat16Rounding.Round(all, new(target, all.Length));
        new Span<ushort>(target + all.Length, tile.EndOfKeys - all.Length).Clear();
    }
}
