using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Ranks of first and second sub-keys, from the best, whose sums may be among the best <c>count</c> of all pairs.
/// </summary>
/// <remarks>
/// With ranks counted from 1, pair (i, j) is no better than the i · j − 1 others of ranks up to i and j: where i · j is
/// more than are wanted, it can be left out.
/// </remarks>
internal sealed class PairRanks : IDisposable
{
    // A GPU would add to one number in the order in which its threads happen to come.
    private readonly RankBlocks? _blocks;

    public PairRanks(int count, Device device)
    {
        // a tensor made for inference would not serve a training later
        using var any = inference_mode(false);
        using var scope = NewDisposeScope();
        var pairs = Pairs(count).ToList();
        First = from_array(pairs.Select(pair => (long)pair.First).ToArray()).to(device).DetachFromDisposeScope();
        Second = from_array(pairs.Select(pair => (long)pair.Second).ToArray()).to(device).DetachFromDisposeScope();
        _blocks = device.type == DeviceType.CPU ? null : new(count, device);
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

    /// <summary>Finds the best sums of a first and a second score.</summary>
    /// <param name="first">[tokens, heads, count], descending.</param>
    /// <param name="second">[tokens, heads, count], descending.</param>
    public BestPairs Best(Tensor first, Tensor second)
    {
        var sums = first.index_select(-1, First).Plus(second.index_select(-1, Second));  // [tokens, heads, candidates]
        var (best, chosen) = sums.topk((int)first.size(-1), dim: -1, sorted: false);     // [tokens, heads, count]
        return new(best, First.take(chosen), Second.take(chosen));
    }

    /// <summary>
    /// Adds up, for each rank, what arrives at the pairs with it: the gradient by the scores that <see cref="Best"/>
    /// was given. Always in the same order.
    /// </summary>
    /// <param name="arriving">[tokens, heads, count], float32.</param>
    /// <param name="first">[tokens, heads, count], the first ranks of the pairs, none of which comes twice.</param>
    /// <param name="second">[tokens, heads, count], their second ranks.</param>
    /// <returns>Both [tokens, heads, count], fresh in the caller's dispose scope.</returns>
    public (Tensor First, Tensor Second) ByRank(Tensor arriving, Tensor first, Tensor second) =>
        _blocks?.Sum(arriving, first, second) ?? (Added(arriving, first), Added(arriving, second));

    /// <inheritdoc/>
    public void Dispose()
    {
        First.Dispose();
        Second.Dispose();
        _blocks?.Dispose();
    }

    // on the processor a thread takes whole rows, so that each sum is one thread's
    private static Tensor Added(Tensor arriving, Tensor ranks) =>
        zeros(arriving.shape).scatter_add_(-1, ranks, arriving);
}
