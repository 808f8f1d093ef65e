namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The memory of <see cref="AttentionInputs"/>, which outlive the call, and where in it heads and rows stand.
/// </summary>
/// <typeparam name="T">A number of queries, keys, values and places as it is stored.</typeparam>
internal abstract unsafe class AttentionCall<T>(AttentionInputs inputs, AttentionShape sizes)
    where T : unmanaged
{
    private readonly T* _queries = TensorMemory.Of<T>(inputs.Queries);
    private readonly T* _keysAndValues = TensorMemory.Of<T>(inputs.KeysAndValues);
    private readonly T* _places = TensorMemory.Of<T>(inputs.Places);
    private readonly float* _contentBias = TensorMemory.Of<float>(inputs.ContentBias);
    private readonly float* _positionBias = TensorMemory.Of<float>(inputs.PositionBias);

    /// <summary>Gets the sizes.</summary>
    public AttentionShape Sizes => sizes;

    /// <summary>Gets what scales logits.</summary>
    public float Scale { get; } = *TensorMemory.Of<float>(inputs.Scale);

    /// <summary>Gets how far rows of queries are apart; those of keys and values twice as far.</summary>
    public int Stride { get; } = sizes.Heads * sizes.HeadSize;

    /// <summary>Gets a head's bias by content (u).</summary>
    public float* ContentBias(int head) => _contentBias + head * sizes.HeadSize;

    /// <summary>Gets a head's bias by position (v).</summary>
    public float* PositionBias(int head) => _positionBias + head * sizes.HeadSize;

    /// <summary>Gets a query of a head.</summary>
    public T* Query(int batch, int head, int query) => _queries + Place(batch, head, query);

    /// <summary>Gets a head's first key of a row.</summary>
    public T* Keys(int batch, int head) => _keysAndValues + PlaceOfKey(batch, head, 0);

    /// <summary>Gets a head's first value of a row.</summary>
    public T* Values(int batch, int head) => Keys(batch, head) + sizes.HeadSize;

    /// <summary>Gets a head's first place.</summary>
    public T* Places(int head) => _places + head * sizes.HeadSize;

    /// <summary>Gets where a query's row of a head stands in a tensor like the queries.</summary>
    public long Place(int batch, int head, int query) =>
        ((long)batch * sizes.Time + query) * Stride + head * sizes.HeadSize;

    /// <summary>Gets where a key's row of a head stands in a tensor like keys and values; its value follows.</summary>
    public long PlaceOfKey(int batch, int head, int key) =>
        ((long)batch * sizes.Keys + key) * 2 * Stride + 2L * head * sizes.HeadSize;
}
