using System.Text.RegularExpressions;
using CsCheck;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TiktokenPatternTests
{
    private static readonly Regex[] All = [TiktokenPattern.R50K(), TiktokenPattern.Cl100K(), TiktokenPattern.O200K()];

    [Theory]
    [InlineData(0, "I'LL  pay 12345$\n\nnow ", "I|'|LL| | pay| 12345|$|\n|\n|now| ")]
    [InlineData(1, "I'LL  pay 12345$\n\nnow ", "I|'LL| | pay| |123|45|$\n\n|now| ")]
    [InlineData(2, "I'LL  pay 12345$\n\nnow ", "I'LL| | pay| |123|45|$\n\n|now| ")]
    [InlineData(2, "HTTPServer/get", "HTTPServer|/get")]
    [InlineData(2, "getHTTP", "get|HTTP")]
    public void Matches_OfText_AreTheWordsOfTheEncoding(int pattern, string text, string words) =>
        Assert.Equal(words, string.Join('|', All[pattern].Matches(text).Select(match => match.Value)));

    [Fact]
    public void Matches_OfAnyText_LoseNothing() => Gen.Select(HostileText.Broken, Gen.Int[0, 2]).Sample(
        (text, pattern) => string.Concat(All[pattern].Matches(text).Select(match => match.Value)) == text);
}
