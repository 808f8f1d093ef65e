using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// One head, row after row, backward: dlogit = p · (dp − Σ p · dp) with dp = dattended · valueᵀ goes to queries by keys
/// and places, and with queries to keys and places; values get pᵀ · dattended.
/// </summary>
internal sealed unsafe class AttentionBackwardPass(BFloat16AttentionCall call, int head) : IDisposable
{
    private readonly AttentionShape _shape = call.Sizes;
    private readonly HeadMatrix _keys = new(call.Sizes.Keys, call.Sizes.HeadSize);
    private readonly HeadMatrix _values = new(call.Sizes.Keys, call.Sizes.HeadSize);
    private readonly HeadMatrix _places = new(call.Sizes.Keys, call.Sizes.HeadSize);
    private readonly HeadMatrix _byContent = new(call.Sizes.TileRows, call.Sizes.HeadSize);
    private readonly HeadMatrix _byPosition = new(call.Sizes.TileRows, call.Sizes.HeadSize);
    private readonly HeadMatrix _arriving = new(call.Sizes.TileRows, call.Sizes.HeadSize);
    private readonly KeyGradient _byKeys = new(call.Sizes);
    private readonly KeyGradient _byValues = new(call.Sizes);
    private readonly Scratch<float> _byProbabilities = new(
        (long)call.Sizes.TileRows * call.Sizes.PaddedKeys, isZeroed: false);
    private readonly Scratch<ushort> _byLogits = new(
        (long)call.Sizes.TileRows * call.Sizes.PaddedKeys, isZeroed: false);
    private readonly Scratch<ushort> _byPlaced = new(
        (long)call.Sizes.TileRows * call.Sizes.PaddedKeys, isZeroed: false);
    private readonly Scratch<ushort> _seen = new((long)call.Sizes.TileRows * call.Sizes.PaddedKeys, isZeroed: false);
    private readonly Scratch<float> _toContent = new(
        (long)call.Sizes.TileRows * call.Sizes.PaddedSize, isZeroed: false);
    private readonly Scratch<float> _toPosition = new(
        (long)call.Sizes.TileRows * call.Sizes.PaddedSize, isZeroed: false);
    private readonly float[] _numbers = new float[Math.Max(call.Sizes.PaddedKeys, call.Sizes.HeadSize)];

    /// <summary>Gets the sums over the rows so far.</summary>
    public AttentionSums Sums { get; } = new(call.Sizes.HeadSize);

    /// <summary>Gets the gradient by places over the rows so far.</summary>
    public KeyGradient ByPlaces { get; } = new(call.Sizes);

    /// <summary>Computes the rows of a batch from one up to another.</summary>
    /// <param name="first">The first row.</param>
    /// <param name="end">The row after the last.</param>
    /// <param name="probabilities">[batch, heads, T, padded S], as forward left them.</param>
    /// <param name="arriving">The gradient by what was attended.</param>
    /// <param name="byQueries">[batch, T, heads · head]: is set.</param>
    /// <param name="byKeysAndValues">[batch, S, heads · 2 · head]: is set.</param>
    public void Run(
        int first, int end, ushort* probabilities, ushort* arriving, ushort* byQueries, ushort* byKeysAndValues)
    {
        using var brgemm = new Brgemm();   // on the thread that runs this
        call.LoadPlaces(head, _places);
        _places.PackOutOf();
        for (var batch = first; batch < end; batch++)
        {
            Run(
                brgemm, batch, probabilities + call.PlaceOfProbabilities(batch, head), arriving, byQueries,
                byKeysAndValues);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Array.ForEach([_keys, _values, _places, _byContent, _byPosition, _arriving], matrix => matrix.Dispose());
        Array.ForEach([_byKeys, _byValues, ByPlaces], gradient => gradient.Dispose());
        Array.ForEach([_byLogits, _byPlaced, _seen], scratch => scratch.Dispose());
        Array.ForEach([_byProbabilities, _toContent, _toPosition], scratch => scratch.Dispose());
    }

    private void Run(
        Brgemm brgemm, int batch, ushort* probabilities, ushort* arriving, ushort* byQueries, ushort* byKeysAndValues)
    {
        call.LoadKeys(batch, head, _keys);
        call.LoadValues(batch, head, _values);
        _keys.PackOutOf();
        _values.PackInto();
        _byKeys.Clear();
        _byValues.Clear();
        foreach (var tile in _shape.Tiles())
        {
            call.LoadQueries(batch, head, tile, call.ContentBias(head), _byContent);
            call.LoadQueries(batch, head, tile, call.PositionBias(head), _byPosition);
            _arriving.Load(arriving + call.Place(batch, head, tile.First), call.Stride, tile.Count);
            Differentiate(brgemm, batch, tile, probabilities + (long)tile.First * _shape.PaddedKeys);
            ToQueries(brgemm, batch, tile, byQueries);
            ToKeys(brgemm, tile, Seen(tile, probabilities + (long)tile.First * _shape.PaddedKeys));
        }

        var target = byKeysAndValues + call.PlaceOfKey(batch, head, 0);
        _byKeys.Write(target, 2 * call.Stride);
        _byValues.Write(target + _shape.HeadSize, 2 * call.Stride);
    }

    // The gradient by logits, by key and by position; rows that pad the tile are zeros.
    private void Differentiate(Brgemm brgemm, int batch, AttentionTile tile, ushort* probabilities)
    {
        var keys = _shape.PaddedKeys;
        brgemm.Multiply(
            tile.Count, tile.EndOfKeys, _shape.PaddedSize, _arriving[0], _shape.PaddedSize, _values.Into(0), keys,
            _byProbabilities.Pointer, keys, accumulate: false);
        for (var row = 0; row < tile.PaddedCount; row++)
        {
            var place = (long)row * keys;
            var rest = row < tile.Count ? Differentiate(tile.Window(batch, row), place, probabilities + place) : 0;
            new Span<ushort>(_byLogits.Pointer + place + rest, tile.EndOfKeys - rest).Clear();
            Shift(tile, place, row < tile.Count ? tile.Window(batch, row) : default);
        }
    }

    // Whole vectors, as probabilities are zero where nothing is seen; returns how far it came.
    private int Differentiate((int First, int Count, int Shift) window, long place, ushort* probabilities)
    {
        var width = Padding.Up(window.First + window.Count, 32);
        var p = _numbers.AsSpan(0, width);
        var by = new Span<float>(_byProbabilities.Pointer + place, width);
        BFloat16Rounding.Widen(new(probabilities, width), p);
        TensorPrimitives.Subtract(by, TensorPrimitives.Dot<float>(p, by), by);
        TensorPrimitives.Multiply(by, p, by);
        BFloat16Rounding.Round(by, new(_byLogits.Pointer + place, width));
        return width;
    }

    private void Shift(AttentionTile tile, long place, (int First, int Count, int Shift) window)
    {
        var start = tile.StartOfPositions;
        new Span<ushort>(_byPlaced.Pointer + place + start, _shape.PaddedKeys - start).Clear();
        new ReadOnlySpan<ushort>(_byLogits.Pointer + place + window.First, window.Count)
            .CopyTo(new(_byPlaced.Pointer + place + window.First + window.Shift, window.Count));
    }

    private void ToQueries(Brgemm brgemm, int batch, AttentionTile tile, ushort* byQueries)
    {
        var (keys, size, start) = (_shape.PaddedKeys, _shape.PaddedSize, tile.StartOfPositions);
        brgemm.Multiply(
            tile.Count, size, tile.EndOfKeys, _byLogits.Pointer, keys, _keys.OutOf(0), _toContent.Pointer, size,
            accumulate: false);
        brgemm.Multiply(
            tile.Count, size, keys - start, _byPlaced.Pointer + start, keys, _places.OutOf(start), _toPosition.Pointer,
            size,
            accumulate: false);
        var query = _numbers.AsSpan(0, _shape.HeadSize);
        for (var row = 0; row < tile.Count; row++)
        {
            var place = call.Place(batch, head, tile.First + row);
            BFloat16Rounding.Widen(new(call.Query(batch, head, tile.First + row), _shape.HeadSize), query);
            var content = new Span<float>(_toContent.Pointer + row * size, _shape.HeadSize);
            var position = new Span<float>(_toPosition.Pointer + row * size, _shape.HeadSize);
            Sums.Add(query, content, position);
            TensorPrimitives.Add(content, position, content);
            TensorPrimitives.Multiply(content, call.Scale, content);
            BFloat16Rounding.Round(content, new(byQueries + place, _shape.HeadSize));
        }
    }

    // Behind a tile's last query stand zeros, not another tile's.
    private ushort* Seen(AttentionTile tile, ushort* probabilities)
    {
        if (tile.Count == tile.PaddedCount)
        {
            return probabilities;
        }

        var (length, all) = (tile.Count * _shape.PaddedKeys, tile.PaddedCount * _shape.PaddedKeys);
        new ReadOnlySpan<ushort>(probabilities, length).CopyTo(new(_seen.Pointer, length));
        new Span<ushort>(_seen.Pointer + length, all - length).Clear();
        return _seen.Pointer;
    }

    private void ToKeys(Brgemm brgemm, AttentionTile tile, ushort* seen)
    {
        _byContent.PackOutOf();
        _byPosition.PackOutOf();
        _arriving.PackOutOf();
        _byKeys.Add(brgemm, _byLogits.Pointer, tile.PaddedCount, 0, tile.EndOfKeys, _byContent);
        _byValues.Add(brgemm, seen, tile.PaddedCount, 0, tile.EndOfKeys, _arriving);
        ByPlaces.Add(
            brgemm, _byPlaced.Pointer, tile.PaddedCount, tile.StartOfPositions, _shape.PaddedKeys, _byPosition);
    }
}
