namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class WordCacheTests
{
    [Fact]
    public void Append_OfAWordMetBefore_DoesNotEncodeItAgain()
    {
        var calls = 0;
        var cache = new WordCache(word => { calls++; return [word.Length]; });
        var ids = new List<int>();
        cache.Append("abc", ids);
        cache.Append("abc", ids);
        Assert.Equal([3, 3], ids);
        Assert.Equal(1, calls);
    }

    [Fact]
    public void Append_OfMoreWordsThanItHolds_StillGivesEachItsIds()
    {
        var cache = new WordCache(word => [int.Parse(word, null)]);
        var ids = new List<int>();
        for (var i = 0; i < 100_000; i++)
        {
            cache.Append($"{i % 70_000}", ids);
        }

        Assert.Equal(Enumerable.Range(0, 100_000).Select(i => i % 70_000), ids);
    }

    [Fact]
    public void Append_OfAVeryLongWord_DoesNotKeepIt()
    {
        var calls = 0;
        var cache = new WordCache(_ => { calls++; return [1]; });
        var word = new string('x', 1000);
        cache.Append(word, []);
        cache.Append(word, []);
        Assert.Equal(2, calls);
    }
}
