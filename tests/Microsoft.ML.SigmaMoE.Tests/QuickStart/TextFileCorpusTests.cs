using Microsoft.ML.SigmaMoE.Tests;

namespace QuickStart.Tests;

public sealed class TextFileCorpusTests
{
    [Fact]
    public void Read_AFile_HasADocumentALine()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("notes.txt");
        File.WriteAllText(path, "first  line\r\n\r\n  \nsecond\nfirst line\n");
        var corpus = TextFileCorpus.Read(path);
        Assert.Equal("notes.txt", corpus.Description);
        Assert.Equal(
            [("first line", "line 1"), ("second", "line 4")], corpus.Documents.Select(row => (row.Text, row.Id)));
        Assert.Empty(corpus.Labels);
    }
}
