namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class WordCounterTests
{
    [Fact]
    public void Add_OfDocuments_CountsTheirWordsAndBytes()
    {
        var counter = new WordCounter(WordPattern.For(splitDigits: true));
        counter.Add("the cat the");
        counter.Add("the é");
        counter.Add("");
        Assert.Equal(
            new Dictionary<string, long> { ["the"] = 2, [" cat"] = 1, [" the"] = 1, [" é"] = 1 },
            counter.Counts);
        Assert.Equal(17, counter.BytesRead);
    }

    [Fact]
    public void Add_OfAnUnpairedSurrogate_CountsTheReplacementCharacter()
    {
        var counter = new WordCounter(WordPattern.For(splitDigits: true));
        counter.Add("\uD800");
        Assert.Equal(["\uFFFD"], counter.Counts.Keys);
        Assert.Equal(3, counter.BytesRead);
    }

    [Fact]
    public void Add_MoreDifferentWordsThanTheLimit_ForgetsTheRarest()
    {
        const int Limit = 1000 * (8 + WordCounter.Overhead);
        var counter = new WordCounter(WordPattern.For(splitDigits: true), Limit);
        for (var i = 0; i < 19_500; i++)
        {
            counter.Add($" often {Letters(i)}");
            Assert.InRange(counter.Counts.Count, 1, 1200);
        }

        Assert.Equal(19_500, counter.Counts[" often"]);
        Assert.True(counter.Counts.ContainsKey(" " + Letters(19_499)), "What came last has had no time to be counted.");
        Assert.False(counter.Counts.ContainsKey(" " + Letters(0)));
    }

    [Fact]
    public void Add_LongWords_AreHeldByTheirLength()
    {
        var counter = new WordCounter(WordPattern.For(splitDigits: true), 10_000);
        for (var i = 0; i < 1000; i++)
        {
            counter.Add(Letters(i) + new string('x', 500));
            Assert.InRange(counter.Counts.Count, 0, 10_000 / 507);
        }
    }

    private static string Letters(int number) =>
        string.Concat($"{number:D7}".Select(digit => (char)('a' + digit - '0')));
}
