using System.Collections.Concurrent;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Remembers the ids of words. Reading takes no lock, so threads that share a tokenizer do not wait for each other, as
/// they would in the caches of Microsoft.ML.Tokenizers.
/// </summary>
internal sealed class WordCache(Func<string, IReadOnlyList<int>> encode)
{
    private const int Capacity = 1 << 16;
    private const int LongestWord = 64;

    private ConcurrentDictionary<string, int[]> _words = new(StringComparer.Ordinal);
    private int _count;

    /// <summary>Appends the ids of <paramref name="word"/>.</summary>
    public void Append(ReadOnlySpan<char> word, List<int> ids)
    {
        var known = _words.GetAlternateLookup<ReadOnlySpan<char>>();
        ids.AddRange(known.TryGetValue(word, out var found) ? found : Encode(word.ToString()));
    }

    private int[] Encode(string word)
    {
        int[] ids = [.. encode(word)];
        if (word.Length <= LongestWord && _words.TryAdd(word, ids) && Interlocked.Increment(ref _count) >= Capacity)
        {
            // starting over is cheap and follows a text whose words change
            _words = new(StringComparer.Ordinal);
            _count = 0;
        }

        return ids;
    }
}
