using Microsoft.ML.Data;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class ScoreCacheTests
{
    private const ScoreParts Everything = ScoreParts.LogLikelihoods | ScoreParts.Features | ScoreParts.ExpertUsage;

    [Fact]
    public void GetOrAdd_SecondTime_ComputesNothing()
    {
        var cache = Cache();
        var first = cache.GetOrAdd(3, ScoreParts.Features, parts => Rows(parts));
        var second = cache.GetOrAdd(3, ScoreParts.Features, _ => throw new InvalidOperationException());
        Assert.Same(first, second);
    }

    [Fact]
    public void GetOrAdd_NoParts_AreServedByAnyParts()
    {
        var cache = Cache();
        cache.GetOrAdd(0, ScoreParts.Features, parts => Rows(parts));
        var rows = cache.GetOrAdd(0, ScoreParts.None, _ => throw new InvalidOperationException());
        Assert.Equal(2, rows[0].Score.TokenCount);
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(0)]
    public void GetOrAdd_MoreParts_ComputesTheMissingOnesOnly(long memoryLimit)
    {
        var cache = Cache(memoryLimit);
        cache.GetOrAdd(0, ScoreParts.None, parts => Rows(parts));
        cache.GetOrAdd(0, ScoreParts.Features, parts => Rows(parts));
        var asked = ScoreParts.None;
        var joined = cache.GetOrAdd(0, Everything, parts => Rows(asked = parts));
        var kept = cache.GetOrAdd(0, Everything, _ => throw new InvalidOperationException());
        Assert.Equal(ScoreParts.LogLikelihoods | ScoreParts.ExpertUsage, asked);
        Assert.Equivalent(Rows(Everything), joined, strict: true);
        Assert.Equivalent(joined, kept, strict: true);
    }

    [Fact]
    public void GetOrAdd_OverTheLimit_ReadsTheSameFromTheFile()
    {
        var cache = Cache(memoryLimit: 2 * Rows(Everything).Sum(row => row.MemorySize));
        for (var window = 0; window < 10; window++)
        {
            cache.GetOrAdd(window, Everything, parts => Rows(parts, window));
        }

        for (var window = 0; window < 10; window++)
        {
            var rows = cache.GetOrAdd(window, Everything, _ => throw new InvalidOperationException());
            Assert.Equivalent(Rows(Everything, window), rows, strict: true);
        }
    }

    [Fact]
    public void GetOrAdd_FileCannotBeMade_WarnsOnceAndComputesAgain()
    {
        var occupied = Path.GetTempFileName();
        var warnings = new List<string>();
        var cache = new ScoreCache(0, new ScoreFile(occupied), warnings.Add);
        var computed = 0;
        for (var pass = 0; pass < 3; pass++)
        {
            cache.GetOrAdd(0, Everything, parts => Rows(parts, computed++));
        }

        File.Delete(occupied);
        Assert.Equal(3, computed);
        Assert.Contains("TempFilePath", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void GetOrAdd_ComputationFails_KeepsNothing()
    {
        var cache = Cache();
        Assert.Throws<OperationCanceledException>(() =>
            cache.GetOrAdd(0, Everything, _ => throw new OperationCanceledException()));
        Assert.Equal(2, cache.GetOrAdd(0, Everything, parts => Rows(parts)).Length);
    }

    [Fact]
    public void GetOrAdd_MissingPartsOfOtherRows_IsRefused()
    {
        var cache = Cache();
        cache.GetOrAdd(0, ScoreParts.Features, parts => Rows(parts, 0));
        var fault = Assert.Throws<InvalidOperationException>(() =>
            cache.GetOrAdd(0, Everything, parts => Rows(parts, 1)));
        Assert.Contains("other rows", fault.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => cache.GetOrAdd(0, Everything, parts => Rows(parts, 0)[..1]));
    }

    [Fact]
    public void GetOrAdd_FromManyThreads_ComputesEachWindowOnce()
    {
        var cache = Cache(memoryLimit: 5_000);
        var computed = 0;
        Parallel.For(0, 1000, call => cache.GetOrAdd(call % 50, Everything, parts =>
        {
            Interlocked.Increment(ref computed);
            return Rows(parts, call % 50);
        }));
        Assert.Equal(50, computed);
    }

    [Fact]
    public void File_IsGoneFromTheFolderAtOnce()
    {
        using var folder = new TemporaryFolder();
        var file = new ScoreFile(folder.Path);
        var place = file.Append(Rows(Everything));
        Assert.Equal(OperatingSystem.IsWindows() ? 1 : 0, Directory.GetFiles(folder.Path).Length);
        Assert.Equivalent(Rows(Everything), file.Read(place), strict: true);
    }

    private static ScoreCache Cache(long memoryLimit = long.MaxValue) =>
        new(memoryLimit, new ScoreFile(Path.GetTempPath()), message => Assert.Fail(message));

    private static ScoredRow[] Rows(ScoreParts parts, int window = 0) =>
    [
        new(new DataViewRowId(1, (ulong)window), FakeScorer.Score($"window {window}", parts)),
        new(new DataViewRowId(2, (ulong)window), FakeScorer.Score("", parts)),
    ];
}
