namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Sizes of tiles are rounded up, so that only a few shapes exist: each costs a compilation per thread.
/// </summary>
internal static class Padding
{
    /// <summary>Gets the least multiple that is not below a count.</summary>
    public static int Up(int count, int multiple) => (count + multiple - 1) / multiple * multiple;

    /// <summary>
    /// Gets how far apart rows of four-byte numbers stand best: they begin with a cache line, for a tile row that lies
    /// across two costs twice as much, and never a power of two apart, for such rows meet in the same few places of the
    /// cache.
    /// </summary>
    public static int Stride(int count)
    {
        var padded = Up(count, 32);
        return padded % 128 == 0 ? padded + 16 : padded;
    }
}
