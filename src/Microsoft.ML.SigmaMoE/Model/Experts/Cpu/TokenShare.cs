namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A stretch of sorted positions that one thread owns: tokens of one expert, from a range of tokens that is that thread's
/// alone. Every thread adds to the outputs of its own tokens only, so no sums race and their order never changes.
/// </summary>
/// <param name="Expert">The expert.</param>
/// <param name="Start">The first sorted position.</param>
/// <param name="Count">How many.</param>
internal readonly record struct TokenShare(int Expert, int Start, int Count)
{
    /// <summary>Splits a batch between threads by tokens.</summary>
    /// <param name="offsets">Where each expert's positions begin, and the end of the last.</param>
    /// <param name="tokens">The token at each sorted position, ascending within an expert.</param>
    /// <param name="tokenCount">All tokens.</param>
    /// <param name="thread">Which thread's share.</param>
    /// <param name="threads">How many threads there are.</param>
    /// <param name="largest">The most positions of a stretch.</param>
    public static List<TokenShare> Of(
        int[] offsets, ReadOnlySpan<long> tokens, long tokenCount, int thread, int threads, int largest)
    {
        var (first, end) = (tokenCount * thread / threads, tokenCount * (thread + 1) / threads);
        var shares = new List<TokenShare>();
        for (var expert = 0; expert < offsets.Length - 1; expert++)
        {
            var own = tokens[offsets[expert]..offsets[expert + 1]];
            var (from, to) = (LowerBound(own, first), LowerBound(own, end));
            for (; from < to; from += largest)
            {
                shares.Add(new(expert, offsets[expert] + from, Math.Min(largest, to - from)));
            }
        }

        return shares;
    }

    private static int LowerBound(ReadOnlySpan<long> ascending, long value)
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
