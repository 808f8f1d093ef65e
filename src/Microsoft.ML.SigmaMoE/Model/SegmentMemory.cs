using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// What a Transformer-XL remembers of earlier segments: each layer's last inputs, detached from the gradient. Owns its
/// tensors, which outlive dispose scopes. Not safe for use by several threads.
/// </summary>
/// <param name="capacity">How many tokens are kept at most (M); 0 keeps nothing.</param>
internal sealed class SegmentMemory(int capacity) : IDisposable
{
    private Tensor[] _layers = [];

    /// <summary>Gets or sets how many of the latest tokens are seen at most; older ones wait for a wider window.</summary>
    public long Window { get; set; } = long.MaxValue;

    /// <summary>Gets how many tokens are seen now.</summary>
    public long Length => Math.Min(Window, Stored);

    /// <summary>Gets each layer's tensor, [batch, M, d_model]; empty at the start of a document.</summary>
    public IReadOnlyList<Tensor> Layers => _layers;

    private long Stored => _layers.Length == 0 ? 0 : _layers[0].shape[1];

    /// <summary>Gets what is seen of a layer, [batch, M, d_model], or null where nothing is.</summary>
    public Tensor? this[int layer] => Length switch
    {
        0 => null,
        var seen when seen == Stored => _layers[layer],
        var seen => _layers[layer].narrow(1, Stored - seen, seen),
    };

    /// <summary>Appends a segment and forgets what is older than the capacity.</summary>
    /// <param name="inputs">Each layer's input, [batch, T, d_model].</param>
    public void Append(IReadOnlyList<Tensor> inputs)
    {
        if (capacity > 0)
        {
            using var scope = NewDisposeScope();
            Replace([.. inputs.Select((input, layer) => Latest(_layers.ElementAtOrDefault(layer), input.detach()))]);
        }
    }

    /// <summary>Forgets all but the first <paramref name="count"/> rows of the batch.</summary>
    public void KeepRows(long count)
    {
        if (_layers.Length == 0 || _layers[0].shape[0] == count)
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
            Replace(count == 0 ? [] : [.. _layers.Select(layer => layer.narrow(1, layer.shape[1] - count, count).clone())]);
        }
    }

    /// <summary>Takes over tensors that a checkpoint holds, [batch, M, d_model] each.</summary>
    public void Restore(IEnumerable<Tensor> layers) => Replace([.. layers]);

    /// <summary>Forgets everything: the next token starts a document.</summary>
    public void Reset() => Replace([]);

    /// <inheritdoc/>
    public void Dispose() => Reset();

    private Tensor Latest(Tensor? remembered, Tensor input)
    {
        var all = remembered is null || input.shape[1] >= capacity ? input : cat([remembered, input], 1);
        var kept = Math.Min(capacity, all.shape[1]);
        return kept == all.shape[1] ? all.alias() : all.narrow(1, all.shape[1] - kept, kept).clone();
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
