namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A stretch of sorted positions: tokens of one expert, from a range of tokens. A thread with a range of its own adds
/// to the outputs of its own tokens only, so no sums race and their order never changes.
/// </summary>
/// <param name="Expert">The expert.</param>
/// <param name="Start">The first sorted position.</param>
/// <param name="Count">How many.</param>
internal readonly record struct TokenShare(int Expert, int Start, int Count)
{
    /// <summary>Finds where a range of tokens stands in a batch.</summary>
    /// <param name="batch">The batch, whose slots ascend within an expert.</param>
    /// <param name="first">The first token.</param>
    /// <param name="end">The token behind the last.</param>
    /// <param name="largest">The most positions of a stretch.</param>
    public static List<TokenShare> Of(ExpertBatch batch, long first, long end, int largest)
    {
        var (offsets, slots) = (batch.Offsets, batch.SlotOrder);
        var shares = new List<TokenShare>(batch.ExpertCount);
        for (var expert = 0; expert < batch.ExpertCount; expert++)
        {
            var own = slots.AsSpan(offsets[expert]..offsets[expert + 1]);
            var (from, to) = (LowerBound(own, first * batch.Active), LowerBound(own, end * batch.Active));
            for (; from < to; from += largest)
            {
                shares.Add(new(expert, offsets[expert] + from, Math.Min(largest, to - from)));
            }
        }

        return shares;
    }

    private static int LowerBound(ReadOnlySpan<int> ascending, long value)
    {
        var (low, high) = (0, ascending.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = ascending[middle] < value ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
