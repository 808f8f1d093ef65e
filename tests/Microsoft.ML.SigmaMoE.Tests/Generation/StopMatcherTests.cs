namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class StopMatcherTests
{
    [Fact]
    public void Append_WithoutSequences_HoldsNothingBack() =>
        Assert.Equal("anything", new StopMatcher([]).Append("anything"));

    [Fact]
    public void Append_OfABeginning_HoldsItBackUntilItIsCertain()
    {
        var matcher = new StopMatcher(["END"]);
        Assert.Equal("a", matcher.Append("aE"));
        Assert.Equal("", matcher.Append("N"));
        Assert.Equal("ENX", matcher.Append("X"));
        Assert.Equal("", matcher.Append("E"));
        Assert.Equal("E", matcher.Flush());
        Assert.False(matcher.IsStopped);
    }

    [Fact]
    public void Append_OfAWholeSequence_StopsBeforeIt()
    {
        var matcher = new StopMatcher(["END"]);
        Assert.Equal("one ", matcher.Append("one END two"));
        Assert.True(matcher.IsStopped);
        Assert.Equal("", matcher.Append("three"));
        Assert.Equal("", matcher.Flush());
    }

    [Fact]
    public void Append_OfASequenceThatBeginsInsideItself_IsFound()
    {
        var matcher = new StopMatcher(["aab"]);
        Assert.Equal("a", matcher.Append("aa") + matcher.Append("a") + matcher.Append("b"));
        Assert.True(matcher.IsStopped);
    }

    [Fact]
    public void Append_OfSeveralSequences_StopsAtTheFirst()
    {
        var matcher = new StopMatcher(["two", "\n\n"]);
        Assert.Equal("one", matcher.Append("one\n\ntwo"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    public void Append_InPiecesOfAnySize_GivesTheTextBeforeTheFirstStop(int size)
    {
        const string text = "the cat sat on the mat, the cat ran; stop? sto stop! more";
        var matcher = new StopMatcher(["stop!", "sto st"]);
        var result = string.Concat(text.Chunk(size).Select(piece => matcher.Append(new string(piece))))
            + matcher.Flush();
        Assert.Equal("the cat sat on the mat, the cat ran; stop? ", result);
    }
}
