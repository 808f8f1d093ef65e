using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.SigmaMoE;

/// <summary>An attention in bfloat16: operands are copied into matrices as <see cref="Brgemm"/> reads them.</summary>
internal sealed unsafe class BFloat16AttentionCall(AttentionInputs inputs, AttentionShape shape)
    : AttentionCall<ushort>(inputs, shape)
{
    /// <summary>Gets where a head's probabilities begin, [batch, heads, T, padded S].</summary>
    public long PlaceOfProbabilities(int batch, int head) =>
        ((long)batch * Sizes.Heads + head) * Sizes.Time * Sizes.PaddedKeys;

    public void LoadKeys(int batch, int head, HeadMatrix target) =>
        target.Load(Keys(batch, head), 2 * Stride, Sizes.Keys);

    public void LoadValues(int batch, int head, HeadMatrix target) =>
        target.Load(Values(batch, head), 2 * Stride, Sizes.Keys);

    public void LoadPlaces(int head, HeadMatrix target) => target.Load(Places(head), Stride, Sizes.Keys);

    /// <summary>Rounds scale · (query + bias) of a tile.</summary>
    public void LoadQueries(int batch, int head, AttentionTile tile, float* bias, HeadMatrix target)
    {
        Span<float> numbers = stackalloc float[Sizes.HeadSize];
        for (var row = 0; row < tile.Count; row++)
        {
            BFloat16Rounding.Widen(new(Query(batch, head, tile.First + row), Sizes.HeadSize), numbers);
            TensorPrimitives.AddMultiply(numbers, new ReadOnlySpan<float>(bias, Sizes.HeadSize), Scale, numbers);
            BFloat16Rounding.Round(numbers, new(target[row], Sizes.HeadSize));
        }

        target.Clear(tile.Count);
    }
}
