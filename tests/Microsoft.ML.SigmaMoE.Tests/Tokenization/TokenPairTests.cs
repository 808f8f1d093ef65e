namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TokenPairTests
{
    [Fact]
    public void GetHashCode_OfPairsOfSmallIds_RarelyCollides()
    {
        var hashes = from left in Enumerable.Range(0, 300)
                     from right in Enumerable.Range(0, 300)
                     select new TokenPair(left, right).GetHashCode();
        Assert.InRange(hashes.Distinct().Count(), 89_000, 90_000);
    }

    [Fact]
    public void CompareTo_OfAnotherPair_LooksAtTheLeftIdFirst()
    {
        TokenPair[] ordered = [new(1, 9), new(2, 3), new(2, 4), new(10, 0)];
        Assert.Equal(ordered, ordered.Reverse().Order());
    }
}
