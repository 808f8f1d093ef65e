namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class NativeFileCacheTests : IDisposable
{
    private static readonly byte[] Content = [1, 2, 3, 4, 5];
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TryStore_Twice_GivesTheSameFileWithoutWritingItAgain()
    {
        var path = Store(Content);
        var written = File.GetLastWriteTimeUtc(path);
        File.SetLastWriteTimeUtc(path, written.AddDays(-1));
        Assert.Equal(path, Store(Content));
        Assert.Equal(written.AddDays(-1), File.GetLastWriteTimeUtc(path));
        Assert.Equal(Content, File.ReadAllBytes(path));
    }

    [Fact]
    public void TryStore_OfOtherContent_GivesAnotherFile() => Assert.NotEqual(Store(Content), Store([1, 2, 3, 4, 6]));

    [Theory]
    [InlineData(new byte[] { 9, 9, 9, 9, 9 })]
    [InlineData(new byte[] { 1, 2, 3 })]
    [InlineData(new byte[0])]
    public void TryStore_WhereForeignContentStands_ReplacesIt(byte[] planted)
    {
        var path = Store(Content);
        File.WriteAllBytes(path, planted);
        Assert.Equal(path, Store(Content));
        Assert.Equal(Content, File.ReadAllBytes(path));
    }

    [Fact]
    public void TryStore_WhereAFolderOfThatNameStands_TakesTheNextFolder()
    {
        var path = Store(Content);
        File.Delete(path);
        Directory.CreateDirectory(path);
        var next = NativeFileCache.TryStore([_folder.Path, _folder.File("next")], "lib.so", Content);
        Assert.StartsWith(_folder.File("next"), next, StringComparison.Ordinal);
    }

    [Fact]
    public void TryStore_WhereALinkStands_ReplacesTheLinkAndNotItsTarget()
    {
        var path = Store(Content);
        File.WriteAllText(_folder.File("precious"), "text");
        File.Delete(path);
        File.CreateSymbolicLink(path, _folder.File("precious"));
        Store(Content);
        Assert.Equal("text", File.ReadAllText(_folder.File("precious")));
        Assert.Equal(Content, File.ReadAllBytes(path));
    }

    // A file where a folder must be refuses everyone, the administrator too; a read-only folder would not.
    [Fact]
    public void TryStore_WhereNothingCanBeWritten_GivesNone()
    {
        File.WriteAllText(_folder.File("file"), "");
        string[] folders = [_folder.File("file"), Path.Combine(_folder.File("file"), "below")];
        Assert.Null(NativeFileCache.TryStore(folders, "lib.so", Content));
        Assert.NotNull(NativeFileCache.TryStore([.. folders, _folder.File("other")], "lib.so", Content));
    }

    [Fact]
    public void TryStore_ByManyAtOnce_NeverShowsAnythingButTheWholeFile()
    {
        var content = new byte[1 << 20];
        new Random(1).NextBytes(content);
        Parallel.For(0, 32, _ => Assert.Equal(content, File.ReadAllBytes(Store(content))));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(Store(content))!));
    }

    private string Store(byte[] content) => NativeFileCache.TryStore([_folder.Path], "lib.so", content)!;
}
