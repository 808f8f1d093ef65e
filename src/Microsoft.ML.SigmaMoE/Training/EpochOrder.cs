namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// In which order an epoch reads the items 0, 1, …: chunks of neighbours stay together, the chunks are permuted. The
/// permutation is computed, not stored (a Feistel network over the chunk numbers, results outside the range walked on),
/// so it costs no memory whatever the text's length.
/// </summary>
internal readonly record struct EpochOrder(long ChunkCount, long ChunkLength, ulong Key)
{
    // With fewer, orders of a dozen chunks are visibly uneven.
    private const int Rounds = 8;

    /// <summary>Every item in its place, as the paper reads them.</summary>
    public static EpochOrder Sequential(long itemCount) => new(1, itemCount, 0);

    /// <summary>
    /// An order of its own for every seed and epoch. The items after the last whole chunk are left out.
    /// </summary>
    public static EpochOrder Shuffled(long itemCount, long chunkLength, int seed, int epoch) =>
        new(itemCount / chunkLength, chunkLength, SplitMix.Mix(((ulong)(uint)seed << 32) | (uint)epoch));

    /// <summary>Gets the item at a place in this epoch.</summary>
    public long this[long place] => (Permute(place / ChunkLength) * ChunkLength) + (place % ChunkLength);

    private long Permute(long chunk)
    {
        if (ChunkCount == 1)
        {
            return chunk;
        }

        var halfBits = (int)(long.Log2(ChunkCount - 1) / 2) + 1; // 2^(2·halfBits) ≥ ChunkCount
        do
        {
            chunk = Scramble(chunk, halfBits);
        }
        while (chunk >= ChunkCount);
        return chunk;
    }

    private long Scramble(long value, int halfBits)
    {
        var mask = (1UL << halfBits) - 1;
        var (left, right) = ((ulong)value >> halfBits, (ulong)value & mask);
        for (var round = 0; round < Rounds; round++)
        {
            (left, right) = (right, left ^ (SplitMix.Mix(Key + right + ((ulong)round << 56)) & mask));
        }

        return (long)((left << halfBits) | right);
    }
}
