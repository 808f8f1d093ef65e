namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class AtomicFileTests
{
    [Fact]
    public void Write_OverAFile_ReplacesIt()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("f"), "old and longer");
        AtomicFile.Write(folder.File("f"), stream => stream.Write("new"u8));
        Assert.Equal("new", File.ReadAllText(folder.File("f")));
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Write_ThatThrows_KeepsTheOldFileAndCleansUp()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("f"), "old");
        Assert.Throws<IOException>(() => AtomicFile.Write(folder.File("f"), stream =>
        {
            stream.Write("half"u8);
            throw new IOException("disk full");
        }));
        Assert.Equal("old", File.ReadAllText(folder.File("f")));
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Write_BeforeItIsDone_ShowsNothingUnderTheName()
    {
        using var folder = new TemporaryFolder();
        AtomicFile.Write(folder.File("f"), stream =>
        {
            stream.Write("half"u8);
            stream.Flush();
            Assert.False(File.Exists(folder.File("f")));
        });
        Assert.True(File.Exists(folder.File("f")));
    }
}
