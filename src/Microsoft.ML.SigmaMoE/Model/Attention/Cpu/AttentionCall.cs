using static TorchSharp.torch;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What an attention computes with: tensors as projections make them; biases and scale are float32 whatever the others are.</summary>
/// <param name="Queries">[batch, T, heads · head].</param>
/// <param name="KeysAndValues">[batch, S, heads · 2 · head].</param>
/// <param name="Places">[S, heads · head].</param>
/// <param name="ContentBias">u: [heads, head].</param>
/// <param name="PositionBias">v: [heads, head].</param>
/// <param name="Scale">[1].</param>
internal readonly record struct AttentionInputs(
    Tensor Queries, Tensor KeysAndValues, Tensor Places, Tensor ContentBias, Tensor PositionBias, Tensor Scale)
{
    /// <summary>Gets all of them, in order.</summary>
    public Tensor[] All => [Queries, KeysAndValues, Places, ContentBias, PositionBias, Scale];

    /// <summary>Gets the same from a list in that order; what is not contiguous is copied.</summary>
    public static AttentionInputs Of(IReadOnlyList<object> list)
    {
        Tensor At(int place) => ((Tensor)list[place]).contiguous();
        return new(At(0), At(1), At(2), At(3), At(4), At(5));
    }
}

/// <summary>The memory of <see cref="AttentionInputs"/> in bfloat16, which outlive the call.</summary>
internal sealed unsafe class AttentionCall(AttentionInputs inputs, AttentionShape shape)
{
    private readonly ushort* _queries = TensorMemory.Of<ushort>(inputs.Queries);
    private readonly ushort* _keysAndValues = TensorMemory.Of<ushort>(inputs.KeysAndValues);
    private readonly ushort* _places = TensorMemory.Of<ushort>(inputs.Places);
    private readonly float* _contentBias = TensorMemory.Of<float>(inputs.ContentBias);
    private readonly float* _positionBias = TensorMemory.Of<float>(inputs.PositionBias);

    public AttentionShape Shape => shape;

    public float Scale { get; } = *TensorMemory.Of<float>(inputs.Scale);

    /// <summary>Gets how far rows of queries are apart; those of keys and values twice as far.</summary>
    public int Stride => shape.Heads * shape.HeadSize;

    /// <summary>Gets a head's bias by content (u).</summary>
    public float* ContentBias(int head) => _contentBias + head * shape.HeadSize;

    /// <summary>Gets a head's bias by position (v).</summary>
    public float* PositionBias(int head) => _positionBias + head * shape.HeadSize;

    /// <summary>Gets a query of a head.</summary>
    public ushort* Query(int batch, int head, int query) => _queries + Place(batch, head, query);

    /// <summary>Gets where a query's row of a head stands in a tensor like the queries.</summary>
    public long Place(int batch, int head, int query) => ((long)batch * shape.Time + query) * Stride + head * shape.HeadSize;

    /// <summary>Gets where a key's row of a head stands in a tensor like keys and values; its value follows.</summary>
    public long PlaceOfKey(int batch, int head, int key) =>
        ((long)batch * shape.Keys + key) * 2 * Stride + 2L * head * shape.HeadSize;

    /// <summary>Gets where a head's probabilities begin, [batch, heads, T, padded S].</summary>
    public long PlaceOfProbabilities(int batch, int head) =>
        ((long)batch * shape.Heads + head) * shape.Time * shape.PaddedKeys;

    public void LoadKeys(int batch, int head, HeadMatrix target) =>
        target.Load(_keysAndValues + PlaceOfKey(batch, head, 0), 2 * Stride, shape.Keys);

    public void LoadValues(int batch, int head, HeadMatrix target) =>
        target.Load(_keysAndValues + PlaceOfKey(batch, head, 0) + shape.HeadSize, 2 * Stride, shape.Keys);

    public void LoadPlaces(int head, HeadMatrix target) => target.Load(_places + head * shape.HeadSize, Stride, shape.Keys);

    /// <summary>Rounds scale · (query + bias) of a tile.</summary>
    public void LoadQueries(int batch, int head, AttentionTile tile, float* bias, HeadMatrix target)
    {
        Span<float> numbers = stackalloc float[shape.HeadSize];
        for (var row = 0; row < tile.Count; row++)
        {
            BFloat16Rounding.Widen(new(Query(batch, head, tile.First + row), shape.HeadSize), numbers);
            TensorPrimitives.AddMultiply(numbers, new ReadOnlySpan<float>(bias, shape.HeadSize), Scale, numbers);
            BFloat16Rounding.Round(numbers, new(target[row], shape.HeadSize));
        }

        target.Clear(tile.Count);
    }
}
