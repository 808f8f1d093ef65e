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

    /// <summary>Gets how many tokens are remembered now.</summary>
    public long Length => _layers.Length == 0 ? 0 : _layers[0].shape[1];

    /// <summary>Gets each layer's tensor, [batch, M, d_model]; empty at the start of a document.</summary>
    public IReadOnlyList<Tensor> Layers => _layers;

    /// <summary>Gets a layer's tensor, [batch, M, d_model], or null where nothing is remembered.</summary>
    public Tensor? this[int layer] => _layers.Length == 0 ? null : _layers[layer];

    /// <summary>Appends a segment and forgets what is older than the capacity.</summary>
    /// <param name="inputs">Each layer's input, [batch, T, d_model].</param>
    public void Append(IReadOnlyList<Tensor> inputs)
    {
        if (capacity > 0)
        {
            using var scope = NewDisposeScope();
            Replace([.. inputs.Select((input, layer) => Latest(this[layer], input.detach()))]);
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
