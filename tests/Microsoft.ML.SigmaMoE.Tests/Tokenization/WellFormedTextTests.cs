using CsCheck;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class WellFormedTextTests
{
    // not as data of a theory: attributes are UTF-8, which has no unpaired surrogates
    private static readonly (string Text, string Expected)[] Cases =
    [
        ("", ""),
        ("a👍b", "a👍b"),
        ("\uD83D", "\uFFFD"),
        ("\uDC4D\uD83D", "\uFFFD\uFFFD"),
        ("\uD83D\uD83D\uDC4D", "\uFFFD👍"),
        ("👍\uDC4D👍", "👍\uFFFD👍"),
    ];

    [Fact]
    public void Repair_OfText_ReplacesUnpairedSurrogates() =>
        Assert.All(Cases, sample => Assert.Equal(sample.Expected, WellFormedText.Repair(sample.Text).ToString()));

    [Fact]
    public void Repair_OfAnyText_GivesWhatUtf8Gives() =>
        HostileText.Broken.Sample(text => WellFormedText.Repair(text).ToString() == HostileText.Repaired(text));

    [Fact]
    public void Repair_OfGoodText_CopiesNothing()
    {
        var text = "nothing wrong 👍";
        Assert.True(WellFormedText.Repair(text) == text.AsSpan());
    }
}
