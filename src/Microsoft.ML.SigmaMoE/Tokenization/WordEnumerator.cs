using System.Text.RegularExpressions;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Goes through the matches of a pattern in a text, cutting those longer than <see cref="LongestWord"/>.
/// </summary>
/// <remarks>
/// Byte-pair encoders need time in the square of a word's length; the cut keeps a text of one long word linear.
/// </remarks>
internal ref struct WordEnumerator(Regex pattern, ReadOnlySpan<char> text)
{
    /// <summary>The length in UTF-16 that no word exceeds.</summary>
    public const int LongestWord = 1024;

    private readonly ReadOnlySpan<char> _text = text;
    private Regex.ValueMatchEnumerator _matches = pattern.EnumerateMatches(text);
    private ReadOnlySpan<char> _rest;

    public ReadOnlySpan<char> Current { get; private set; }

    public readonly WordEnumerator GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_rest.IsEmpty)
        {
            if (!_matches.MoveNext())
            {
                return false;
            }

            _rest = _text.Slice(_matches.Current.Index, _matches.Current.Length);
        }

        var length = FirstCut(_rest);
        Current = _rest[..length];
        _rest = _rest[length..];
        return true;
    }

    private static int FirstCut(ReadOnlySpan<char> word) =>
        word.Length <= LongestWord ? word.Length
        : char.IsHighSurrogate(word[LongestWord - 1]) ? LongestWord - 1
        : LongestWord;
}
