namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Damages files at random: bits, bytes, cuts, insertions, deletions, numbers at their limits.</summary>
internal static class Mutation
{
    private static readonly byte[][] Extremes =
        [[0xFF, 0xFF, 0xFF, 0x7F], [0, 0, 0, 0x80], [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]];

    /// <summary>Damages a copy in one to three places.</summary>
    public static byte[] Of(byte[] original, Random random)
    {
        var file = (byte[])original.Clone();
        for (var times = random.Next(1, 4); times > 0 && file.Length > 0; times--)
        {
            file = Once(file, random);
        }

        return file;
    }

    private static byte[] Once(byte[] file, Random random)
    {
        var at = random.Next(file.Length);
        var some = Math.Min(file.Length - at, random.Next(1, 20));
        switch (random.Next(8))
        {
            case 0:
                file[at] ^= (byte)(1 << random.Next(8));
                return file;
            case 1:
            case 2:
                file[at] = (byte)random.Next(256);
                return file;
            case 3:
                return file[..at];
            case 4:
                return [.. file[..at], (byte)random.Next(256), .. file[at..]];
            case 5:
                return [.. file[..at], .. file[(at + some)..]];
            case 6:
                return [.. file[..at], .. file[at..(at + some)], .. file[at..]];
            default:
                var extreme = Extremes[random.Next(Extremes.Length)];
                extreme.AsSpan(0, Math.Min(extreme.Length, file.Length - at)).CopyTo(file.AsSpan(at));
                return file;
        }
    }
}
