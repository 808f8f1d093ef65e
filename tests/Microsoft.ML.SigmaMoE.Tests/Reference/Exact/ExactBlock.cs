using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>What a block computes by definition, with what a case shows of its inside.</summary>
/// <param name="Y">[tokens, d_model].</param>
/// <param name="Logits">[tokens, experts], or null for blocks without experts.</param>
internal sealed record ExactOutput(Tensor Y, Tensor? Logits = null)
{
    /// <summary>Gets what top-k was taken of, [tokens, experts].</summary>
    public Tensor? Scores { get; init; }

    /// <summary>Gets the chosen experts, [tokens, K].</summary>
    public Tensor? Index { get; init; }

    /// <summary>Gets their weights, [tokens, K].</summary>
    public Tensor? Weight { get; init; }

    /// <summary>Gets other tensors that a case shows, by their names there.</summary>
    public IReadOnlyDictionary<string, Tensor> Shown { get; init; } = new Dictionary<string, Tensor>();
}

/// <summary>
/// Every block by its formula, in float64, with libtorch's own gradients and the authors' names: everything is
/// computed for every expert, every value and every pair, then chosen. Shares no code with the library.
/// </summary>
internal static class ExactBlock
{
    /// <summary>Computes a block.</summary>
    /// <param name="options">The block.</param>
    /// <param name="weights">Its weights by the authors' names.</param>
    /// <param name="x">[batch, time, d_model], float64.</param>
    /// <param name="training">Whether experts are dropped and S-BASE balances.</param>
    /// <param name="drawn">
    /// The case's random numbers, as <c>in.drop_rand</c> and <c>in.score_keep</c>; null for none.
    /// </param>
    /// <param name="drop">What becomes of the hidden numbers of dense and top-k blocks; null for nothing.</param>
    public static ExactOutput Compute(
        FeedForwardOptions options,
        IReadOnlyDictionary<string, Tensor> weights,
        Tensor x,
        bool training,
        CaseTensors? drawn = null,
        Func<Tensor, Tensor>? drop = null) => options switch
        {
            DenseOptions => new(Contract(Expand(weights, x.flatten(0, 1), drop), weights)),
            TopKOptions topK => TopK(topK, weights, x.flatten(0, 1), drop),
            ProductKeyMemoryOptions memory => Memory(memory, weights, x.flatten(0, 1)),
            MixtureOfExpertsOptions mixture => ExactMixture.Compute(mixture, weights, x, training, drawn),
            _ => throw new NotSupportedException(options.GetType().Name),
        };

    private static Tensor Expand(IReadOnlyDictionary<string, Tensor> weights, Tensor x, Func<Tensor, Tensor>? drop)
    {
        var hidden = (matmul(x, weights["linear1.weight"].t()) + weights["linear1.bias"]).relu();
        return drop is null ? hidden : drop(hidden);
    }

    private static Tensor Contract(Tensor hidden, IReadOnlyDictionary<string, Tensor> weights) =>
        matmul(hidden, weights["linear2.weight"].t()) + weights["linear2.bias"];

    private static ExactOutput TopK(
        TopKOptions options, IReadOnlyDictionary<string, Tensor> weights, Tensor x, Func<Tensor, Tensor>? drop)
    {
        var hidden = Expand(weights, x, drop);                                   // [tokens, d_ff]
        var norms = weights["linear2.weight"].detach().pow(2).sum([0L]).sqrt();  // [d_ff]
        var ranks = options.RankByContribution ? hidden.detach() * norms : hidden.detach();
        var (sorted, _) = ranks.sort(-1, descending: true);
        var least = sorted.narrow(-1, options.ActiveChannels - 1, 1);                           // [tokens, 1]
        var kept = where(ranks.greater_equal(least), hidden, zeros_like(hidden));
        return new(Contract(kept, weights))
        {
            Shown = new Dictionary<string, Tensor> { ["out.hidden"] = hidden, ["out.hidden_topk"] = kept },
        };
    }

    private static ExactOutput Memory(
        ProductKeyMemoryOptions options, IReadOnlyDictionary<string, Tensor> weights, Tensor x)
    {
        var halves = x.chunk(2, -1);                                                            // [tokens, d_model / 2]
        var first = einsum("td,hnd->thn", halves[0], weights["keys.0"]);                        // [tokens, heads, n]
        var second = einsum("td,hnd->thn", halves[1], weights["keys.1"]);
        var pairs = (first.unsqueeze(-1) + second.unsqueeze(-2)).flatten(2);                    // [tokens, heads, n²]
        if (options.IsDense)
        {
            var all = pairs.sum([1L]);                                                          // [tokens, n²]
            return new(matmul(Weigh(options, all), weights["values.weight"]))
            {
                Shown = new Dictionary<string, Tensor> { ["out.score"] = all },
            };
        }

        var (best, places) = pairs.topk(options.NearestKeys, -1);                               // [tokens, heads, knn]
        var values = weights["values.weight"].index_select(0, places.flatten()).view(x.shape[0], -1, x.shape[1]);
        var y = (Weigh(options, best.flatten(1)).unsqueeze(-1) * values).sum([1L]);             // [tokens, d_model]
        return new(y) { Shown = new Dictionary<string, Tensor> { ["out.score"] = best, ["out.index"] = places } };
    }

    private static Tensor Weigh(ProductKeyMemoryOptions options, Tensor scores) =>
        options.Activation == MemoryActivation.Softmax ? scores.softmax(-1) : scores.relu();
}
