using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Ranks of first and second sub-keys, from the best, whose sums may be among the best <c>count</c> of all pairs.
/// </summary>
/// <remarks>
/// With ranks counted from 1, pair (i, j) is no better than the i · j − 1 others of ranks up to i and j: where i · j is more
/// than are wanted, it can be left out.
/// </remarks>
internal sealed class PairRanks : IDisposable
{

    public PairRanks(int count, Device device)
    {
        // a tensor made for inference would not serve a training later
        using var any = inference_mode(false);
        using var scope = NewDisposeScope();
        var pairs = Pairs(count).ToList();
        First = from_array(pairs.Select(pair => (long)pair.First).ToArray()).to(device).DetachFromDisposeScope();
        Second = from_array(pairs.Select(pair => (long)pair.Second).ToArray()).to(device).DetachFromDisposeScope();
    }

    /// <summary>Gets the rank of each candidate's first sub-key, [candidates], int64.</summary>
    public Tensor First { get; }

    /// <summary>Gets the rank of each candidate's second sub-key, [candidates], int64.</summary>
    public Tensor Second { get; }

    /// <summary>Gets the candidates (i, j), from 0, row by row.</summary>
    public static IEnumerable<(int First, int Second)> Pairs(int count) =>
        from i in Enumerable.Range(0, count)
        from j in Enumerable.Range(0, count / (i + 1))
        select (i, j);

    /// <summary>Finds which candidates have the best sums of a first and a second score.</summary>
    /// <param name="first">[tokens, heads, count], descending.</param>
    /// <param name="second">[tokens, heads, count], descending.</param>
    /// <returns>[tokens, heads, count], in no order.</returns>
    public Tensor Best(Tensor first, Tensor second)
    {
        var sums = first.index_select(-1, First).Plus(second.index_select(-1, Second));    // [tokens, heads, candidates]
        return sums.topk((int)first.shape[^1], dim: -1, sorted: false).indexes;
    }

    /// <summary>Gets the ranks of candidates, both of <paramref name="chosen"/>'s shape.</summary>
    public (Tensor First, Tensor Second) Of(Tensor chosen) => (First.take(chosen), Second.take(chosen));

    /// <inheritdoc/>
    public void Dispose()
    {
        First.Dispose();
        Second.Dispose();
    }
}
