using Microsoft.ML.SigmaMoE.Tests;

namespace QuickStart.Tests;

public sealed class CorpusExportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_Parts_GivesADocumentALine()
    {
        var split = new CorpusSplit([Text("one"), Text("two\r\nlines")], [], [Text("last\n")]);
        CorpusExport.Write(split, _folder.File("new"));
        Assert.Equal(["one", "two lines"], Lines("train"));
        Assert.Empty(Lines("validation"));
        Assert.Equal(["last "], Lines("test"));
    }

    private static Document Text(string text) => new(text, null, text, text);

    private string[] Lines(string part) => File.ReadAllLines(Path.Combine(_folder.File("new"), $"{part}.txt"));
}
