namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// What a network keeps of the tokens it has read of one document, so that the next token costs no more than the first:
/// the cached counterpart of <see cref="SegmentMemory"/>, valid while weights do not change. Not safe for use by
/// several threads.
/// </summary>
internal sealed class ReadingCache(int layerCount) : IDisposable
{
    private readonly AttentionCache[] _layers = [.. Enumerable.Range(0, layerCount).Select(_ => new AttentionCache())];

    /// <summary>
    /// Gets or sets how many of the latest tokens are seen at most; older ones wait for a wider window.
    /// </summary>
    public long Window { get; set; } = long.MaxValue;

    /// <summary>Gets how many tokens are seen now.</summary>
    public long Length => Math.Min(Window, _layers[0].Length);

    /// <summary>Gets what is kept for a layer.</summary>
    public AttentionCache this[int layer] => _layers[layer];

    /// <summary>Forgets all but the last <paramref name="count"/> tokens.</summary>
    public void KeepLatest(long count) => Array.ForEach(_layers, layer => layer.KeepLatest(count));

    /// <inheritdoc/>
    public void Dispose() => Array.ForEach(_layers, layer => layer.Dispose());
}
