using System.Text.RegularExpressions;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Cuts text into words and looks up, or has computed, the ids of each.</summary>
internal sealed class WordEncoder(Regex pattern, Func<string, IReadOnlyList<int>> encode)
{
    private readonly WordCache _words = new(encode);

    public void Encode(ReadOnlySpan<char> text, List<int> ids)
    {
        foreach (var word in new WordEnumerator(pattern, text))
        {
            _words.Append(word, ids);
        }
    }
}
