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
}
