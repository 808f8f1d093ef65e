using static TorchSharp.torch;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.SigmaMoE;

/// <summary>The memory of <see cref="AttentionInputs"/> in float32, which outlive the call.</summary>
internal sealed unsafe class FloatAttentionCall(AttentionInputs inputs, FloatAttentionShape shape)
{
    private readonly float* _queries = TensorMemory.Of<float>(inputs.Queries);
    private readonly float* _keysAndValues = TensorMemory.Of<float>(inputs.KeysAndValues);
    private readonly float* _places = TensorMemory.Of<float>(inputs.Places);
    private readonly float* _contentBias = TensorMemory.Of<float>(inputs.ContentBias);
    private readonly float* _positionBias = TensorMemory.Of<float>(inputs.PositionBias);

    public FloatAttentionShape Shape => shape;

    public float Scale { get; } = *TensorMemory.Of<float>(inputs.Scale);

    /// <summary>Gets how far rows of queries are apart; those of keys and values twice as far.</summary>
    public int Stride => shape.Sizes.Heads * shape.Sizes.HeadSize;

    /// <summary>Gets a head's bias by content (u).</summary>
    public float* ContentBias(int head) => _contentBias + head * shape.Sizes.HeadSize;

    /// <summary>Gets a head's bias by position (v).</summary>
    public float* PositionBias(int head) => _positionBias + head * shape.Sizes.HeadSize;

    /// <summary>Gets a query of a head.</summary>
    public float* Query(int batch, int head, int query) => _queries + Place(batch, head, query);

    /// <summary>Gets a head's first key of a row.</summary>
    public float* Keys(int batch, int head) => _keysAndValues + PlaceOfKeys(batch, head);

    /// <summary>Gets a head's first value of a row.</summary>
    public float* Values(int batch, int head) => Keys(batch, head) + shape.Sizes.HeadSize;

    /// <summary>Gets a head's first place.</summary>
    public float* Places(int head) => _places + head * shape.Sizes.HeadSize;

    /// <summary>Gets where a query's row of a head stands in a tensor like the queries.</summary>
    public long Place(int batch, int head, int query) =>
        ((long)batch * shape.Sizes.Time + query) * Stride + head * shape.Sizes.HeadSize;

    /// <summary>Gets where a head's keys begin in a tensor like keys and values; values follow each.</summary>
    public long PlaceOfKeys(int batch, int head) => (long)batch * shape.Sizes.Keys * 2 * Stride + 2L * head * shape.Sizes.HeadSize;

    /// <summary>Gets where a query's probabilities begin, [batch, heads, T, stride].</summary>
    public long PlaceOfProbabilities(int batch, int head, int query) =>
        (((long)batch * shape.Sizes.Heads + head) * shape.Sizes.Time + query) * shape.Stride;

    /// <summary>Computes scale · (query + bias) of a tile, rows the padded head size apart.</summary>
    public void LoadQueries(int batch, int head, FloatAttentionTile tile, float* bias, float* target)
    {
        var size = shape.Sizes.HeadSize;
        for (var row = 0; row < tile.Count; row++)
        {
            TensorPrimitives.AddMultiply(
                new ReadOnlySpan<float>(Query(batch, head, tile.First + row), size), new(bias, size), Scale,
                new(target + row * shape.PaddedSize, size));
        }
    }
}
