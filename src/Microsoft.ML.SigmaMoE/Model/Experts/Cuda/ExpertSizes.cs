namespace Microsoft.ML.SigmaMoE;

/// <summary>The sizes of one call on the device, and how rows are laid there.</summary>
/// <param name="Tokens">N.</param>
/// <param name="ModelSize">D.</param>
/// <param name="Experts">E.</param>
/// <param name="ExpertSize">G.</param>
/// <param name="Active">K.</param>
/// <param name="Numbers">What matrices are multiplied of.</param>
internal sealed record ExpertSizes(
    int Tokens, int ModelSize, int Experts, int ExpertSize, int Active, TileNumbers Numbers)
{
    /// <summary>Gets N · K.</summary>
    public long Slots => (long)Tokens * Active;

    /// <summary>Gets the length of rows of d_model.</summary>
    public int Stride => Numbers.Padded(ModelSize);

    /// <summary>Gets the length of hidden vectors' rows.</summary>
    public int HiddenStride => Numbers.Padded(ExpertSize);

    /// <summary>Gets the blocks that count tokens.</summary>
    public int CountingBlocks => CountedChoices.BlocksOf(Tokens);

    /// <summary>Gets whether all numbers that kernels keep in 32 bits fit.</summary>
    public bool Fits => Slots <= int.MaxValue / 2 && Experts * (CountingBlocks + 1L) < int.MaxValue
        && (long)Experts * ExpertSize < int.MaxValue;

    /// <summary>Gets the bytes of what a token's choices add to its output.</summary>
    public long PartBytes => (long)Active * Stride * Numbers.ElementBytes;

    /// <summary>
    /// Gets the blocks of 256 threads for some elements; a thread takes more than one only where the grid would be very
    /// long.
    /// </summary>
    public static long Blocks(long elements) => Math.Clamp((elements + 255) / 256, 1, 1 << 20);

    /// <summary>Gets the tiles that there can be at most for some tokens.</summary>
    public int TileCapacity(int tokens, int rows) => (int)((long)tokens * Active / rows) + Experts;

    /// <summary>
    /// Chooses how many counting blocks a chunk has: its parts shall fill half of the second-level cache, so that they
    /// are added up before they leave it.
    /// </summary>
    public int ChunkBlocks(long cacheBytes) =>
        (int)Math.Clamp(cacheBytes / 2 / (PartBytes * CountedChoices.BlockTokens), 1, Math.Max(1, CountingBlocks));
}
