namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class FolderTransactionTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    private string Folder => _temporary.File("model");

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void Commit_OfANewFolder_ShowsEveryFile()
    {
        Save("one", "two");
        Assert.Equal(("one", "two"), Load());
        Assert.Equal(["a", "b"], Names());
    }

    [Fact]
    public void Write_BeforeCommit_ChangesNothingVisible()
    {
        Save("one", "two");
        using (var transaction = new FolderTransaction(Folder))
        {
            Write(transaction, "a", "new");
            Assert.Equal(("one", "two"), Load());
        }

        Assert.Equal(("one", "two"), Load());
        Assert.Equal(["a", "b"], Names());
    }

    [Fact]
    public void Commit_OverAnOlderVersion_ReplacesItAndKeepsOtherFiles()
    {
        Save("one", "two");
        File.WriteAllText(Path.Combine(Folder, "README.md"), "mine");
        Save("three", "four");
        Assert.Equal(("three", "four"), Load());
        Assert.Equal("mine", File.ReadAllText(Path.Combine(Folder, "README.md")));
    }

    // What a process leaves that dies after the rename: here after none and after one of the moves.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Read_AfterACrashWhileCommitting_SeesTheNewVersionWhole(bool isFirstMoved)
    {
        Save("one", "two");
        LeaveCommitted("three", "four", isFirstMoved);
        Assert.Equal(("three", "four"), Load());
    }

    [Fact]
    public void Commit_AfterACrashWhileCommitting_FinishesItFirst()
    {
        Save("one", "two");
        LeaveCommitted("three", "four", isFirstMoved: true);
        using (var transaction = new FolderTransaction(Folder))
        {
            Write(transaction, "a", "five");
            transaction.Commit();
        }

        Assert.Equal(("five", "four"), Load());
        Assert.Equal(["a", "b"], Names());
    }

    [Fact]
    public void Read_OfAMissingFile_NamesItsPath()
    {
        var thrown = Assert.Throws<FileNotFoundException>(
            () => new FolderStreams(Folder).Read("config.json", _ => { }));
        Assert.Contains(Path.Combine(Folder, "config.json"), thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_InsideTheTransaction_SeesWhatItWrote()
    {
        using var transaction = new FolderTransaction(Folder);
        Write(transaction, "a", "new");
        Assert.Equal("new", Read(transaction, "a"));
        Assert.Equal(Path.Combine(Folder, "a"), transaction.Locate("a"));
    }

    private static void Write(FolderTransaction files, string name, string text) =>
        files.Write(name, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));

    private static string Read(INamedStreams files, string name)
    {
        var text = "";
        files.Read(name, stream => text = new StreamReader(stream).ReadToEnd());
        return text;
    }

    private void Save(string a, string b)
    {
        using var transaction = new FolderTransaction(Folder);
        Write(transaction, "a", a);
        Write(transaction, "b", b);
        transaction.Commit();
    }

    private (string A, string B) Load()
    {
        var files = new FolderStreams(Folder);
        return (Read(files, "a"), Read(files, "b"));
    }

    private void LeaveCommitted(string a, string b, bool isFirstMoved)
    {
        var committed = Directory.CreateDirectory(Path.Combine(Folder, ".committed")).FullName;
        File.WriteAllText(Path.Combine(isFirstMoved ? Folder : committed, "a"), a);
        File.WriteAllText(Path.Combine(committed, "b"), b);
    }

    private string[] Names() =>
        [.. Directory.GetFileSystemEntries(Folder).Select(path => Path.GetFileName(path)!).Order()];
}
