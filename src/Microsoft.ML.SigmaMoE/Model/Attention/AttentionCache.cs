using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// What one layer's attention would compute anew for every token that is generated: the keys and values of earlier
/// tokens, and the projections of relative positions. Owns its tensors, which outlive dispose scopes; room grows by
/// doubling, so that a token costs the same however many came before.
/// </summary>
internal sealed class AttentionCache : IDisposable
{
    private const long LeastRoom = 32;
    private Tensor? _keys;    // [batch, heads, room, head]
    private Tensor? _values;  // [batch, heads, room, head]
    private Tensor? _places;  // [heads, reach, head]: the positions 1 − reach … 0
    private long _first;
    private long _end;

    /// <summary>Gets how many tokens are kept.</summary>
    public long Length => _end - _first;

    /// <summary>Gets every key, [batch, heads, room, head]; those kept stand from <see cref="First"/> on.</summary>
    public Tensor Keys => _keys!;

    /// <summary>Gets every value, in the same places.</summary>
    public Tensor Values => _values!;

    /// <summary>Gets the projected positions, [heads, reach, head]: the last is the token's own.</summary>
    public Tensor Places => _places!;

    /// <summary>Gets where the kept tokens begin.</summary>
    public long First => _first;

    /// <summary>Adds new tokens.</summary>
    /// <param name="keys">[batch, heads, T, head].</param>
    /// <param name="values">[batch, heads, T, head].</param>
    public void Append(Tensor keys, Tensor values)
    {
        var count = keys.size(2);
        if (_keys is null || _end + count > _keys.size(2))
        {
            var room = Math.Max(LeastRoom, 2 * (Length + count));
            (_keys, _values) = (Move(_keys, keys, room), Move(_values, values, room));
            (_first, _end) = (0, Length); // what was kept stands at the beginning now
        }

        using var newKeys = _keys.narrow(2, _end, count).copy_(keys);
        using var newValues = _values!.narrow(2, _end, count).copy_(values);
        _end += count;
    }

    /// <summary>Forgets all but the last <paramref name="count"/> tokens.</summary>
    public void KeepLatest(long count) => _first = Math.Max(_first, _end - count);

    /// <summary>Sees to it that the latest positions are there.</summary>
    /// <param name="count">How many.</param>
    /// <param name="project">Computes those of the positions 1 − n … 0, [heads, n, head].</param>
    public void Reach(long count, Func<long, Tensor> project)
    {
        if (_places is null || _places.size(1) < count)
        {
            using var scope = NewDisposeScope();
            _places?.Dispose();
            _places = project(Math.Max(LeastRoom, 2 * count)).contiguous().DetachFromDisposeScope();
        }
    }

    /// <summary>
    /// Gets what the latest tokens left: keys and values, [batch, heads, count, head], and positions, [heads, head,
    /// count].
    /// </summary>
    public (Tensor Keys, Tensor Values, Tensor Places) Latest(long count) => (
        Keys.narrow(2, _end - count, count),
        Values.narrow(2, _end - count, count),
        Places.narrow(1, Places.size(1) - count, count).transpose(1, 2));

    /// <inheritdoc/>
    public void Dispose()
    {
        _keys?.Dispose();
        _values?.Dispose();
        _places?.Dispose();
    }

    // Gives what is kept more room.
    private Tensor Move(Tensor? from, Tensor like, long room)
    {
        using var scope = NewDisposeScope();
        var to = empty([like.size(0), like.size(1), room, like.size(3)], dtype: like.dtype, device: like.device);
        if (from is not null)
        {
            to.narrow(2, 0, Length).copy_(from.narrow(2, _first, Length));
            from.Dispose();
        }

        return to.DetachFromDisposeScope();
    }
}
