namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class KernelCacheTests
{
    [Fact]
    public void Get_AskedTwice_CompilesOnce()
    {
        using var folder = new TemporaryFolder();
        var (cache, compiled) = (new KernelCache([folder.Path]), 0);
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal([1, 2, 3], cache.Get("key", () => [1, 2, (byte)(2 + ++compiled)]));
        }

        Assert.Equal(1, compiled);
    }

    [Fact]
    public void Get_InAnotherProcess_ReadsTheFile()
    {
        using var folder = new TemporaryFolder();
        new KernelCache([folder.Path]).Get("key", () => [1, 2, 3]);
        Assert.Equal(
            [1, 2, 3],
            new KernelCache([folder.Path]).Get("key", () => throw new InvalidOperationException("compiled again")));
        Assert.Single(Directory.GetFiles(folder.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void Get_OfADamagedFile_CompilesAgainAndRepairsIt()
    {
        using var folder = new TemporaryFolder();
        new KernelCache([folder.Path]).Get("key", () => [1, 2, 3]);
        var file = Directory.GetFiles(folder.Path, "key", SearchOption.AllDirectories)[0];
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..^1]);
        Assert.Equal([4], new KernelCache([folder.Path]).Get("key", () => [4]));
        Assert.Equal([4], new KernelCache([folder.Path]).Get("key", () => [5]));
    }

    [Fact]
    public void Get_WhereNothingCanBeWritten_StillCompiles()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("a file"), "");
        Assert.Equal([1], new KernelCache([folder.File("a file")]).Get("key", () => [1]));
    }

    [Fact]
    public void Get_AfterAFailedCompilation_TriesAgain()
    {
        var cache = new KernelCache([]);
        Assert.Throws<InvalidOperationException>(
            () => cache.Get("key", () => throw new InvalidOperationException("no")));
        Assert.Equal([1], cache.Get("key", () => [1]));
    }

    [Fact]
    public async Task Get_ByManyThreads_CompilesOnce()
    {
        var (cache, compiled) = (new KernelCache([]), 0);
        var all = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => cache.Get("key", () =>
        {
            Interlocked.Increment(ref compiled);
            return [1];
        }))));
        Assert.Equal(1, compiled);
        Assert.All(all, image => Assert.Same(all[0], image));
    }

    [Fact]
    public void KeyOf_DependsOnEveryPart()
    {
        string[] keys = [KernelCache.KeyOf("a", "b"), KernelCache.KeyOf("ab"), KernelCache.KeyOf("a", "c"), KernelCache.KeyOf("b", "a")];
        Assert.Equal(keys.Length, keys.Distinct().Count());
    }
}
