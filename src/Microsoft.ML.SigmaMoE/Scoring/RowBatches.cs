namespace Microsoft.ML.SigmaMoE;

/// <summary>Groups rows for common forward passes: similar lengths together, so that little is padded.</summary>
internal static class RowBatches
{
    /// <summary>
    /// How many padded tokens one forward pass holds: enough to keep two to sixteen cores busy, few enough for caches.
    /// </summary>
    public const int TokenBudget = 4096;

    /// <summary>How much of a batch may be padding.</summary>
    private const double LargestWaste = 0.10;

    /// <summary>
    /// Plans batches over rows of the given lengths; each lists its rows from the longest to the shortest.
    /// </summary>
    /// <param name="lengths">Tokens of each row; rows of 0 tokens appear in no batch.</param>
    /// <param name="segmentLength">
    /// Rows longer than this are read in several passes, so they count as this many.
    /// </param>
    /// <param name="mostRows">How many rows a batch holds at most.</param>
    public static List<int[]> Plan(IReadOnlyList<int> lengths, int segmentLength, int mostRows = int.MaxValue)
    {
        var order = Enumerable.Range(0, lengths.Count)
            .Where(row => lengths[row] > 0)
            .OrderByDescending(row => lengths[row])
            .ToList();
        var batches = new List<int[]>();
        for (var start = 0; start < order.Count;)
        {
            var longest = Math.Min(lengths[order[start]], segmentLength);
            var end = start + 1;
            var used = (long)longest;
            while (end < order.Count && end - start < mostRows && Fits(end + 1 - start, longest, used + Math.Min(lengths[order[end]], segmentLength)))
            {
                used += Math.Min(lengths[order[end++]], segmentLength);
            }

            batches.Add([.. order[start..end]]);
            start = end;
        }

        return batches;
    }

    // A few rows may waste more: many tiny passes would cost more than their padding.
    private static bool Fits(long rows, long longest, long used)
    {
        var padded = rows * longest;
        return padded <= TokenBudget && (padded <= TokenBudget / 8 || padded - used <= LargestWaste * padded);
    }
}
