using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Relative attention in float64, each logit by position looked up where the query's distance to the key says: nothing
/// is shifted, as the ways that are measured do.
/// </summary>
internal static class AttentionReference
{
    /// <summary>
    /// Computes the largest distance of a way's output and gradients by queries, keys and values, and positions from
    /// the reference, over the length of the reference, which reads the same inputs as they were rounded.
    /// </summary>
    public static double Error(
        Func<AttentionInputs, Tensor> way, AttentionInputs inputs, Tensor gradient, KeyWindows windows)
    {
        using var scope = NewDisposeScope();
        var wanted = Solve(exact => Attend(exact, windows), inputs, gradient, ScalarType.Float64);
        return Solve(way, inputs, gradient, null).Zip(wanted, Distance).Max();
    }

    // The output and the gradients, in the inputs' number types or another.
    private static Tensor[] Solve(
        Func<AttentionInputs, Tensor> way, AttentionInputs inputs, Tensor gradient, ScalarType? type)
    {
        Tensor Leaf(Tensor tensor) => tensor.detach().to(type ?? tensor.dtype).requires_grad_();
        var leaves = AttentionInputs.Of([.. inputs.All.Select(Leaf)]);
        var output = way(leaves);
        output.backward([gradient.to(output.dtype)]);
        return [output.detach(), leaves.Queries.grad!, leaves.KeysAndValues.grad!, leaves.Places.grad!];
    }

    private static Tensor Attend(AttentionInputs inputs, KeyWindows windows)
    {
        var (batch, heads, size) = (inputs.Queries.shape[0], inputs.ContentBias.shape[0], inputs.ContentBias.shape[1]);
        Tensor Split(Tensor tensor) => tensor.view(batch, -1, heads, size).transpose(1, 2); // [batch, heads, .., head]
        var both = inputs.KeysAndValues.view(batch, -1, heads, 2, size);
        var (keys, values) = (Split(both.select(3, 0).flatten(2)), Split(both.select(3, 1).flatten(2)));
        var byContent = Split(inputs.Queries.Plus(inputs.ContentBias.flatten()));
        var byPosition = Split(inputs.Queries.Plus(inputs.PositionBias.flatten()));
        var places = inputs.Places.view(-1, heads, size).transpose(0, 1).unsqueeze(0);  // [1, heads, S, head]
        var byPlace = MatrixProduct.Of(byPosition, places.transpose(2, 3));             // [batch, heads, T, S]
        var moved = byPlace.gather(3, Places(windows).expand(byPlace.shape));
        var logits = MatrixProduct.Of(byContent, keys.transpose(2, 3)).Plus(moved) * inputs.Scale;
        var probabilities = logits.Fill(windows.Hidden(CPU), double.NegativeInfinity).softmax(-1);
        return MatrixProduct.Of(probabilities, values).transpose(1, 2).flatten(2); // [batch, T, heads · head]
    }

    // Where query i finds key j among the positions: the last is its own, key M + i.
    private static Tensor Places(KeyWindows windows)
    {
        var queries = TensorNumbers.Range(0, windows.Time, 1, ScalarType.Int64, CPU).unsqueeze(1);    // [T, 1]
        var keys = TensorNumbers.Range(0, windows.Keys, 1, ScalarType.Int64, CPU).unsqueeze(0);       // [1, S]
        return keys.Plus(queries.neg()).Plus(windows.Time - 1).Within(0, windows.Keys - 1).to(ScalarType.Int64);
    }

    private static double Distance(Tensor actual, Tensor wanted) =>
        ((actual.to(ScalarType.Float64) - wanted).norm() / wanted.norm()).item<double>();
}
