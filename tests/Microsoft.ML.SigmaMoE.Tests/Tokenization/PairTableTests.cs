namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class PairTableTests
{
    [Fact]
    public void TryTake_OfSeveralPairs_GivesTheMostFrequentWithItsWords()
    {
        var table = new PairTable(minimumCount: 1);
        table.Add(new(1, 2), 3, word: 7);
        table.Add(new(3, 4), 5, word: 8);
        table.Add(new(1, 2), 3, word: 9);
        Assert.Equal((new TokenPair(1, 2), "7,9"), Take(table));
        Assert.Equal((new TokenPair(3, 4), "8"), Take(table));
        Assert.Null(Take(table));
    }

    [Fact]
    public void TryTake_AfterACountFell_GoesByTheCountOfTheDay()
    {
        var table = new PairTable(minimumCount: 1);
        table.Add(new(1, 2), 9, word: 0);
        table.Add(new(3, 4), 8, word: 0);
        table.Add(new(5, 6), 1, word: 0);
        Assert.Equal(new TokenPair(1, 2), Take(table)?.Pair);
        table.Remove(new(3, 4), 7);
        table.Add(new(7, 8), 2, word: 0);
        Assert.Equal([new(7, 8), new(3, 4), new(5, 6)], Enumerable.Range(0, 3).Select(_ => Take(table)!.Value.Pair));
    }

    [Fact]
    public void TryTake_OfPairsBelowTheMinimum_GivesNone()
    {
        var table = new PairTable(minimumCount: 2);
        table.Add(new(1, 2), 1, word: 0);
        table.Add(new(3, 4), 3, word: 0);
        table.Remove(new(3, 4), 2);
        Assert.Null(Take(table));
    }

    [Fact]
    public void Add_OfOnePairTwiceInAWord_ListsTheWordOnce()
    {
        var table = new PairTable(minimumCount: 1);
        table.Add(new(1, 1), 1, word: 4);
        table.Add(new(1, 1), 1, word: 4);
        Assert.Equal("4", Take(table)?.Words);
    }

    [Fact]
    public void Remove_OfAPairThatIsNotThere_DoesNothing()
    {
        var table = new PairTable(minimumCount: 1);
        table.Remove(new(1, 2), 5);
        Assert.Null(Take(table));
    }

    private static (TokenPair Pair, string Words)? Take(PairTable table) =>
        table.TryTake(out var pair, out var words) ? (pair, string.Join(',', words)) : null;
}
