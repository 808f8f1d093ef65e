namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Token files of a few made-up tokens.</summary>
internal static class TokenFiles
{
    /// <summary>Writes tokens as they are, without documents and separators.</summary>
    public static TokenFile Create(
        string path, int vocabularySize, ReadOnlySpan<int> tokens, long? utf8ByteCount = null)
    {
        using var writer = new TokenFileWriter(path, vocabularySize, separator: null);
        writer.Append(tokens, utf8ByteCount ?? tokens.Length);
        writer.Complete();
        return TokenFile.Open(path);
    }

    /// <summary>Writes 0, 1, … below the vocabulary again and again.</summary>
    public static TokenFile CreateCounting(string path, int count, int vocabularySize = 1 << 20) =>
        Create(path, vocabularySize, [.. Enumerable.Range(0, count).Select(i => i % vocabularySize)]);

    /// <summary>
    /// Writes a text that can be learned: each token follows from the one before, but for a seeded tenth of them.
    /// </summary>
    public static TokenFile CreateLearnable(string path, int count, int vocabularySize = 11, int seed = 7)
    {
        var random = new Random(seed);
        var tokens = new int[count];
        for (var i = 1; i < count; i++)
        {
            tokens[i] = random.Next(10) == 0 ? random.Next(vocabularySize) : ((tokens[i - 1] * 3) + 1) % vocabularySize;
        }

        return Create(path, vocabularySize, tokens);
    }

    public static long[] ReadAll(this TokenFile file)
    {
        var tokens = new long[file.TokenCount];
        file.Read(0, tokens);
        return tokens;
    }
}
