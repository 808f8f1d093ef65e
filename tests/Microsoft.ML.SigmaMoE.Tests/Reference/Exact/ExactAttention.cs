using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// Attention with relative positions straight from its formula, float64: every pair of query and key gets its own
/// projected sinusoid. logit = scale · [(q + u) · k + (q + v) · W_r S(r)], r = j − (i + M).
/// </summary>
internal static class ExactAttention
{
    /// <summary>
    /// Computes the attention's output, [batch, T, d_model], and its probabilities, [batch, heads, T, M + T].
    /// </summary>
    /// <param name="weights">By the authors' names.</param>
    /// <param name="queries">[batch, T, d_model].</param>
    /// <param name="context">[batch, M + T, d_model]: memory, then the same tokens.</param>
    /// <param name="sameLength">Whether the oldest memories are hidden from later queries.</param>
    public static (Tensor Output, Tensor Probabilities) Compute(
        IReadOnlyDictionary<string, Tensor> weights, Tensor queries, Tensor context, bool sameLength = false)
    {
        var (u, v) = (weights["global_content_bias"], weights["global_pos_bias"]);              // [heads, head]
        var (heads, size) = (u.shape[0], u.shape[1]);
        var q = Project(queries, weights["data_to_q.weight"]).view(queries.shape[0], -1, heads, size);
        var both = Project(context, weights["data_to_kv.weight"]).view(context.shape[0], -1, heads, 2, size);
        var (k, values) = (both.select(3, 0), both.select(3, 1));     // [batch, S, heads, head]
        var relative = Relative(queries.shape[1], context.shape[1]);  // [T, S]
        var places = Project(Sinusoids(relative, queries.shape[2]), weights["pos_to_pq.weight"])
            .view(relative.shape[0], relative.shape[1], heads, size);                           // [T, S, heads, head]
        var logits = einsum("bihc,bjhc->bhij", q + u, k) + einsum("bihc,ijhc->bhij", q + v, places);
        var hidden = Hidden(relative, context.shape[1] - queries.shape[1], sameLength);         // [T, S]
        var probabilities = (logits * weights["scale"]).Fill(hidden, double.NegativeInfinity).softmax(-1);
        var attended = einsum("bhij,bjhc->bihc", probabilities, values).flatten(2);
        return (Project(attended, weights["multi_head_merge.weight"]), probabilities);
    }

    /// <summary>Computes S(r) of each entry: sines and cosines in turns.</summary>
    public static Tensor Sinusoids(Tensor relative, long modelSize)
    {
        var pair = arange(0, modelSize, 2, dtype: float64);
        var angles = relative.unsqueeze(-1) * (pair * (-Math.Log(10000) / modelSize)).exp();
        return stack([angles.sin(), angles.cos()], -1).flatten(-2);
    }

    // r = j − (i + M)
    private static Tensor Relative(long time, long seen) =>
        arange(seen, dtype: float64).unsqueeze(0) - arange(time, dtype: float64).unsqueeze(1) - (double)(seen - time);

    // what comes later; with equal lengths also what lies more than M before, where there is a memory
    private static Tensor Hidden(Tensor relative, long memory, bool sameLength) => sameLength && memory > 0
        ? relative.to(float32).IsAbove(0).logical_or(relative.to(float32).IsBelow(-memory))
        : relative.to(float32).IsAbove(0);

    private static Tensor Project(Tensor x, Tensor weight) => matmul(x, weight.t());
}
