using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.SigmaMoE;

/// <summary>An attention in float32: operands are read where they stand.</summary>
internal sealed unsafe class FloatAttentionCall(AttentionInputs inputs, FloatAttentionShape shape)
    : AttentionCall<float>(inputs, shape.Sizes)
{
    public FloatAttentionShape Shape => shape;

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
