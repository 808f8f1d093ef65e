namespace Microsoft.ML.SigmaMoE.Tool.Tests;

public sealed class WholeFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_WhereTheDiskIsFull_LeavesTheOldFileAndNothingElse()
    {
        var path = _folder.Write("a.txt", "good");
        Assert.Throws<IOException>(() => WholeFile.Write(path, writer =>
        {
            writer.Write("half of it");
            throw new IOException("No space left on device");
        }));
        Assert.Equal("good", File.ReadAllText(Assert.Single(Directory.GetFiles(_folder.Path))));
    }

    [Fact]
    public void Write_IntoANewFolder_MakesIt()
    {
        WholeFile.Write(_folder.File("new/a.txt"), "text");
        Assert.Equal("text", File.ReadAllText(_folder.File("new/a.txt")));
    }
}
