using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// What a Transformer-XL remembers of earlier segments: each layer's last inputs, detached from the gradient, or what
/// attention made of them. Owns its tensors, which outlive dispose scopes. Not safe for use by several threads.
/// </summary>
/// <param name="capacity">How many tokens are kept at most (M); 0 keeps nothing.</param>
/// <param name="separator">
/// The token before which nothing is remembered, or null where all text is one document.
/// </param>
internal sealed class SegmentMemory(int capacity, int? separator = null) : IDisposable
{
    private Tensor[] _layers = [];
    private long[] _open = [];

    /// <summary>
    /// Gets whether keys and values are remembered in the place of the inputs that they are made from. They need not be
    /// computed anew for every segment, but are right only while weights do not change: never in training.
    /// </summary>
    public bool KeepsKeys { get; init => field = value && capacity > 0; }

    /// <summary>
    /// Gets or sets how many of the latest tokens are seen at most; older ones wait for a wider window.
    /// </summary>
    public long Window { get; set; } = long.MaxValue;

    /// <summary>Gets how many tokens are seen now.</summary>
    public long Length => Math.Min(Window, Stored);

    /// <summary>
    /// Gets each layer's tensor, [batch, M, d_model] or another width of keys and values; empty at the start of a
    /// document.
    /// </summary>
    public IReadOnlyList<Tensor> Layers => _layers;

    /// <summary>
    /// Gets for each row how many tokens of its document have been read; empty where documents are not told apart.
    /// </summary>
    public IReadOnlyList<long> Open => _open;

    private long Stored => _layers.Length == 0 ? 0 : _layers[0].size(1);

    /// <summary>Gets what is seen of a layer, [batch, M, ..], or null where nothing is.</summary>
    public Tensor? this[int layer] => Length switch
    {
        0 => null,
        var seen when seen == Stored => _layers[layer],
        var seen => _layers[layer].narrow(1, Stored - seen, seen),
    };

    /// <summary>Finds the documents of the next segment, [batch, T], or null where all text is one document.</summary>
    public DocumentStarts? FindDocuments(Tensor tokens) =>
        separator is { } token ? DocumentStarts.Find(tokens, token, _open, Length) : null;

    /// <summary>Appends a segment and forgets what is older than the capacity.</summary>
    /// <param name="inputs">Each layer's input, [batch, T, d_model], or its keys and values.</param>
    /// <param name="documents">The segment's documents, where they are told apart.</param>
    public void Append(IReadOnlyList<Tensor> inputs, DocumentStarts? documents = null)
    {
        _open = documents?.Open ?? [];
        if (capacity > 0)
        {
            using var scope = NewDisposeScope();
            Replace([.. inputs.Select((input, layer) => Latest(_layers.ElementAtOrDefault(layer), input.detach()))]);
        }
    }

    /// <summary>Forgets all but the first <paramref name="count"/> rows of the batch.</summary>
    public void KeepRows(long count)
    {
        if (_layers.Length == 0 || _layers[0].size(0) == count)
        {
            return;
        }

        using var scope = NewDisposeScope();
        Replace([.. _layers.Select(layer => layer.narrow(0, 0, count).clone())]);
    }

    /// <summary>Forgets all but the last <paramref name="count"/> tokens.</summary>
    public void KeepLatest(long count)
    {
        if (Stored > count)
        {
            using var scope = NewDisposeScope();
            Replace(
                count == 0 ? [] : [.. _layers.Select(layer => layer.narrow(1, layer.size(1) - count, count).clone())]);
        }
    }

    /// <summary>
    /// Cuts the rows of the batch into equally many parts, each remembered by itself; nothing is left here.
    /// </summary>
    public IReadOnlyList<SegmentMemory> Split(int parts)
    {
        SegmentMemory Piece() => new(capacity, separator) { Window = Window, KeepsKeys = KeepsKeys };
        SegmentMemory[] pieces = [.. Enumerable.Range(0, parts).Select(_ => Piece())];
        foreach (var (part, piece) in pieces.Index())
        {
            using var scope = NewDisposeScope();
            piece.Restore(
                [.. _layers.Select(layer => layer.chunk(parts)[part].clone())],
                _open.Skip(part * _open.Length / parts).Take(_open.Length / parts));
        }

        Reset();
        return pieces;
    }

    /// <summary>Takes over what a checkpoint holds.</summary>
    /// <param name="layers">[batch, M, ..] each.</param>
    /// <param name="open">As <see cref="Open"/> was.</param>
    public void Restore(IEnumerable<Tensor> layers, IEnumerable<long> open)
    {
        Replace([.. layers]);
        _open = [.. open];
    }

    /// <summary>Forgets everything: the next token starts a document.</summary>
    public void Reset() => Restore([], []);

    /// <inheritdoc/>
    public void Dispose() => Reset();

    // Only what is kept is copied: beside what was kept before nothing else is held, for all layers at once.
    private Tensor Latest(Tensor? remembered, Tensor input)
    {
        var time = input.size(1);
        if (time >= capacity)
        {
            return time == capacity ? input.alias() : input.narrow(1, time - capacity, capacity).clone();
        }

        if (remembered is null)
        {
            return input.alias();
        }

        var older = Math.Min(capacity - time, remembered.size(1));
        return cat([remembered.narrow(1, remembered.size(1) - older, older), input], 1);
    }

    private void Replace(Tensor[] layers)
    {
        foreach (var layer in layers)
        {
            layer.DetachFromDisposeScope();
        }

        foreach (var layer in _layers)
        {
            layer.Dispose();
        }

        _layers = layers;
    }
}
