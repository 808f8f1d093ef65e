namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The finaliser of the SplitMix64 generator: a number from a number, as good as random. Every bit of the input changes
/// every bit of the output with probability one half.
/// </summary>
internal static class SplitMix
{
    public static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    /// <summary>
    /// Gets a number in [0, 1) that belongs to the place <paramref name="index"/> of the sequence
    /// <paramref name="seed"/>.
    /// </summary>
    public static double Share(int seed, long index) =>
        (Mix(Mix((uint)seed) + (ulong)index) >> 11) * (1.0 / (1UL << 53));
}
