using System.Text.RegularExpressions;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Cuts text into the words that byte-pair encoding never merges across, as GPT-2 does: English contractions; a run of
/// letters, of digits or of other signs, each with the space before it; white space, whose last space goes to the next
/// word. Unlike GPT-2's, a letter's combining marks belong to it. Every character is in exactly one word.
/// </summary>
internal static partial class WordPattern
{
    public static Regex For(bool splitDigits) => splitDigits ? WithSingleDigits() : WithNumbers();

    [GeneratedRegex(@"'(?:[sdmt]|ll|ve|re)| ?[\p{L}\p{M}]+| ?\p{N}+| ?[^\s\p{L}\p{M}\p{N}]+|\s+(?!\S)|\s+")]
    private static partial Regex WithNumbers();

    [GeneratedRegex(@"'(?:[sdmt]|ll|ve|re)| ?[\p{L}\p{M}]+| ?\p{N}| ?[^\s\p{L}\p{M}\p{N}]+|\s+(?!\S)|\s+")]
    private static partial Regex WithSingleDigits();
}
