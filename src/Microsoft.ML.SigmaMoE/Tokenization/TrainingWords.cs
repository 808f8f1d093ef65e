using System.Text;

namespace Microsoft.ML.SigmaMoE;

/// <summary>The different words of a text as tokens, each with the number of times it occurs.</summary>
internal sealed class TrainingWords
{
    private readonly int[][] _words;
    private readonly int[] _lengths;
    private readonly long[] _counts;

    public TrainingWords(IReadOnlyDictionary<string, long> counts)
    {
        _words = [.. counts.Keys.Select(word => Encoding.UTF8.GetBytes(word).Select(value => (int)value).ToArray())];
        _lengths = [.. _words.Select(word => word.Length)];
        _counts = [.. counts.Values];
    }

    /// <summary>Counts every pair of neighbours.</summary>
    public void CountPairs(PairTable pairs)
    {
        for (var word = 0; word < _words.Length; word++)
        {
            var tokens = _words[word];
            for (var i = 1; i < tokens.Length; i++)
            {
                pairs.Add(new(tokens[i - 1], tokens[i]), _counts[word], word);
            }
        }
    }

    /// <summary>
    /// Replaces <paramref name="pair"/> by <paramref name="merged"/> in <paramref name="places"/>, from the left.
    /// </summary>
    public void Merge(TokenPair pair, int merged, IReadOnlyList<int> places, PairTable pairs)
    {
        foreach (var word in places)
        {
            Merge(pair, merged, word, pairs);
        }
    }

    private void Merge(TokenPair pair, int merged, int word, PairTable pairs)
    {
        var tokens = _words[word].AsSpan(0, _lengths[word]);
        var count = _counts[word];
        var written = 0;
        for (var read = 0; read < tokens.Length; read++)
        {
            if (read + 1 == tokens.Length || tokens[read] != pair.Left || tokens[read + 1] != pair.Right)
            {
                tokens[written++] = tokens[read];
                continue;
            }

            // p l r n becomes p m n: two pairs go, two come
            if (written > 0)
            {
                pairs.Remove(new(tokens[written - 1], pair.Left), count);
                pairs.Add(new(tokens[written - 1], merged), count, word);
            }

            read++;
            if (read + 1 < tokens.Length)
            {
                pairs.Remove(new(pair.Right, tokens[read + 1]), count);
                pairs.Add(new(merged, tokens[read + 1]), count, word);
            }

            tokens[written++] = merged;
        }

        _lengths[word] = written;
    }
}
