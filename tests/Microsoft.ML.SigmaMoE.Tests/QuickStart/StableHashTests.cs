namespace QuickStart.Tests;

public sealed class StableHashTests
{
    // pinned: another value would move rows between training and test
    [Theory]
    [InlineData("", 0UL, 0xefd01f60ba992926UL)]
    [InlineData("System.String", 0UL, 0x5773ad87863b25ddUL)]
    [InlineData("System.String", 7UL, 0xc6e77326f0b3c806UL)]
    public void Of_AText_IsTheSameForever(string text, ulong seed, ulong expected) =>
        Assert.Equal(expected, StableHash.Of(text, seed));

    [Fact]
    public void Of_ManyTexts_FillsHundredthsEvenly()
    {
        var counts = Enumerable.Range(0, 100_000).CountBy(value => StableHash.Of($"Type{value}") % 100).ToDictionary();
        Assert.Equal(100, counts.Count);

        // 1,000 each with a standard deviation of 31
        Assert.All(counts.Values, count => Assert.InRange(count, 850, 1150));
    }
}
