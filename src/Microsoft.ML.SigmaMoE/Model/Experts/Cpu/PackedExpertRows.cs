namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The bfloat16 weights that tiles read, for one token: half of the bytes. Both matrices are rows of pairs, and a row
/// is added for two numbers of the token, or for two neurons if one of them is alive.
/// </summary>
internal sealed unsafe class PackedExpertRows(
    PackedExperts weights, float* bias, ExpertShape shape, ActivationRow activation) : IExpertRows
{
    // a row of pairs goes across all neurons
    public int Block => shape.ExpertSize;

    public int WeightSize => sizeof(ushort);

    public void Add(int expert, int first, int count, float* token, float gate, float* output)
    {
        using var scratch = new Scratch<float>(Padding.Up(count, 2));
        var hidden = new Span<float>(scratch.Pointer, count);
        if (bias != null)
        {
            new ReadOnlySpan<float>(bias + (long)expert * count, count).CopyTo(hidden);
        }

        PairProducts.Add(
            (uint*)weights.Into(expert), shape.ExpertStride, token, shape.ModelSize, count, scratch.Pointer);
        activation.Apply(scratch.Pointer, count);
        System.Numerics.Tensors.TensorPrimitives.Multiply(hidden, gate, hidden);

        PairProducts.Add(
            (uint*)weights.OutOf(expert), shape.ModelStride, scratch.Pointer, count, shape.ModelSize, output);
    }
}
