using Microsoft.ML;
using Microsoft.ML.SigmaMoE.Tests;

namespace QuickStart.Tests;

public sealed class TableCorpusTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_QuotedFields_MayHoldLineBreaksTabsAndQuotes()
    {
        var corpus = Read(
            "Id\tBody\tArea\n1\t\"two\nlines\"\tx\n2\t\"a\ttab and \"\"quotes\"\"\"\ty\n3\tplain\t\n", ["Body"],
            "Area");
        Assert.Equal(["two lines", "a tab and \"quotes\"", "plain"], corpus.Documents.Select(row => row.Text));
        Assert.Equal(["x", "y", null], corpus.Documents.Select(row => row.Label));
    }

    [Fact]
    public void Read_SeveralTextColumns_JoinsThemInTheOrderAsked()
    {
        var corpus = Read("Area\tBody\tTitle\nx\tbody\ttitle\n", ["Title", "Body"], null);
        var row = Assert.Single(corpus.Documents);
        Assert.Equal(("title body", null), (row.Text, row.Label));
    }

    [Fact]
    public void Read_AColumnThatIsNotThere_NamesTheOnesThatAre()
    {
        var exception = Assert.Throws<UserException>(() => Read("\"Id\"\tBody\n1\ta\n", ["Text"], null));
        Assert.Contains("no column Text", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Id, Body", exception.Message, StringComparison.Ordinal);
    }

    private TextCorpus Read(string content, string[] textColumns, string? labelColumn)
    {
        var path = _folder.File("table.tsv");
        File.WriteAllText(path, content);
        return TableCorpus.Read(new MLContext(1), path, textColumns, labelColumn);
    }
}
