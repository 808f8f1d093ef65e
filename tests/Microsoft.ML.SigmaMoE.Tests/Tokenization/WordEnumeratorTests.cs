using CsCheck;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class WordEnumeratorTests
{
    [Theory]
    [InlineData("the cat's  1234 e\u0301t\u00E9!!\n x", true, "the| cat|'s| | 1|2|3|4| e\u0301t\u00E9|!!|\n| x")]
    [InlineData("the cat's  1234 e\u0301t\u00E9!!\n x", false, "the| cat|'s| | 1234| e\u0301t\u00E9|!!|\n| x")]
    [InlineData("", true, "")]
    [InlineData("  ", true, "  ")]
    [InlineData("नमस्ते दुनिया", true, "नमस्ते| दुनिया")]
    public void MoveNext_OnText_CutsItIntoWords(string text, bool splitDigits, string words) =>
        Assert.Equal(words, string.Join('|', Words(text, splitDigits)));

    [Fact]
    public void MoveNext_OnAnyText_LosesAndAddsNothing() => Gen.Select(HostileText.Broken, Gen.Bool).Sample(
        (text, splitDigits) => string.Concat(Words(text, splitDigits)) == text);

    [Theory]
    [InlineData("x", 5000)]
    [InlineData("👍", 3001)]
    [InlineData("a👍", 1500)]
    public void MoveNext_OnALongWord_CutsBetweenCharacters(string character, int count)
    {
        var text = string.Concat(Enumerable.Repeat(character, count));
        var words = Words(text, splitDigits: true);
        Assert.Equal(text, string.Concat(words));
        Assert.All(words, word => Assert.InRange(word.Length, 1, WordEnumerator.LongestWord));
        Assert.All(words, word => Assert.Equal(HostileText.Repaired(word), word));
    }

    private static List<string> Words(string text, bool splitDigits)
    {
        var words = new List<string>();
        foreach (var word in new WordEnumerator(WordPattern.For(splitDigits), text))
        {
            words.Add(word.ToString());
        }

        return words;
    }
}
