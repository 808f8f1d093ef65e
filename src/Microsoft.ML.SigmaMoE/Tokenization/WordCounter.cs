using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Counts the words of a text. Memory grows with the number of different words, not with the text.</summary>
internal sealed class WordCounter(Regex pattern)
{
    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>Gets how often each word was met.</summary>
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
            CollectionsMarshal.GetValueRefOrAddDefault(counts, word, out _)++;
        }
    }
}
