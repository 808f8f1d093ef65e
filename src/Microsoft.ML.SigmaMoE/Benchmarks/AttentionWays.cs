using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Ways to compute relative attention between its projections, [batch, T, heads · head]: logit = scale · [(q + u) · k +
/// (q + v) · p], the second term moved from "by relative position" to "by key".
/// </summary>
internal static class AttentionWays
{
    /// <summary>All logits in memory, by libtorch's operations one after the other.</summary>
    public static Tensor Plain(AttentionInputs inputs, RelativePositions positions) =>
        Heads.Of(inputs).Attend((content, byPosition) => RelativeSoftmax.Compose(content, byPosition, positions));

    /// <summary>The same with shift, mask and softmax in one pass over a row.</summary>
    public static Tensor OnePass(AttentionInputs inputs, RelativePositions positions) =>
        Heads.Of(inputs).Attend((content, byPosition) => RelativeSoftmax.Apply(content, byPosition, positions));

    /// <summary>All in one step, as layers do where there is a kernel for their number type.</summary>
    public static Tensor OneStep(AttentionInputs inputs, RelativePositions positions) =>
        RelativeAttentionFunction.Apply(inputs, positions.Windows);

    /// <summary>libtorch's own attention; the logits by position are its additive mask.</summary>
    public static Tensor ScaledDotProduct(AttentionInputs inputs, RelativePositions positions)
    {
        var heads = Heads.Of(inputs);
        var bias = RelativePositions.Shift(heads.LogitsByPosition); // [batch, heads, T, S]
        var mask = bias.Fill(positions.Windows.Hidden(CPU), double.NegativeInfinity);
        // it divides by the root of the head's size, which the learned scale is instead
        var queries = heads.ByContent.Times(Math.Sqrt(inputs.ContentBias.shape[1]));
        return Heads.Merge(nn.functional.scaled_dot_product_attention(queries, heads.Keys, heads.Values, mask));
    }

    // Scaled queries with u and with v, keys and values, [batch, heads, .., head]; positions, [heads, head, S].
    private sealed record Heads(Tensor ByContent, Tensor ByPosition, Tensor Keys, Tensor Values, Tensor Places)
    {
        public Tensor LogitsByPosition => MatrixProduct.Of(ByPosition, Places); // [batch, heads, T, S]

        public static Heads Of(AttentionInputs inputs)
        {
            var (batch, type) = (inputs.Queries.shape[0], inputs.Queries.dtype);
            var (heads, size) = (inputs.ContentBias.shape[0], inputs.ContentBias.shape[1]);
            var queries = inputs.Queries.to(inputs.Scale.dtype).view(batch, -1, heads, size); // [batch, T, heads, head]
            Tensor Scaled(Tensor bias) => (queries.Plus(bias) * inputs.Scale).to(type).transpose(1, 2);
            var both = inputs.KeysAndValues.view(batch, -1, heads, 2, size).permute(3, 0, 2, 1, 4);
            var places = inputs.Places.view(-1, heads, size).permute(1, 2, 0);
            return new(Scaled(inputs.ContentBias), Scaled(inputs.PositionBias), both[0], both[1], places);
        }

        public static Tensor Merge(Tensor attended) => attended.transpose(1, 2).flatten(2);

        public Tensor Attend(Func<Tensor, Tensor, Tensor> softmax)
        {
            var content = MatrixProduct.Of(ByContent, Keys.transpose(2, 3)); // [batch, heads, T, S]
            return Merge(MatrixProduct.Of(softmax(content, LogitsByPosition), Values));
        }
    }
}
