using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Counts the words of a text. Memory grows with the number of different words up to a limit, where the rarest are
/// forgotten: text full of numbers, names of files or hashes has no end of them, and none of those matters.
/// </summary>
/// <param name="pattern">What a word is.</param>
/// <param name="limit">The most characters that words are held of, each with <see cref="Overhead"/> more.</param>
internal sealed class WordCounter(Regex pattern, long limit = WordCounter.DefaultLimit)
{
    /// <summary>What a word takes beside its characters, in characters.</summary>
    public const int Overhead = 16;

    /// <summary>
    /// About a million words of ordinary length, a few hundred megabytes with what training makes of them.
    /// </summary>
    public const long DefaultLimit = 24_000_000;

    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);
    private long _held;

    /// <summary>Gets how often each word was met; a word that was forgotten in between counts from there on.</summary>
    public IReadOnlyDictionary<string, long> Counts => _counts;

    /// <summary>Gets how many bytes of UTF-8 were read.</summary>
    public long BytesRead { get; private set; }

    /// <summary>Counts the words of <paramref name="document"/>.</summary>
    public void Add(ReadOnlySpan<char> document)
    {
        var text = WellFormedText.Repair(document);
        BytesRead += Encoding.UTF8.GetByteCount(text);
        var counts = _counts.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var word in new WordEnumerator(pattern, text))
        {
            CollectionsMarshal.GetValueRefOrAddDefault(counts, word, out var isKnown)++;
            if (!isKnown && (_held += word.Length + Overhead) > limit)
            {
                ForgetRarest();
            }
        }
    }

    // By half at least, so that it is seldom done.
    private void ForgetRarest()
    {
        for (var rare = 1; _held > limit / 2; rare++)
        {
            foreach (var (word, count) in _counts)
            {
                if (count <= rare)
                {
                    _counts.Remove(word);
                    _held -= word.Length + Overhead;
                }
            }
        }
    }
}
