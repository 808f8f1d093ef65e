namespace QuickStart.Tests;

public sealed class TextCorpusTests
{
    [Fact]
    public void Documents_WithOneText_StandOnce()
    {
        var corpus = new TextCorpus("test", [Row("a", "x"), Row("", "x"), Row("b", "x"), Row("a", "y")]);
        Assert.Equal(["a", "b"], corpus.Documents.Select(document => document.Text));
        Assert.Equal("x", corpus.Documents[0].Label);
    }

    [Fact]
    public void Labels_OfManyClasses_AreTheTwentyLargest()
    {
        var rows = Enumerable.Range(0, 25).SelectMany(
            label => Enumerable.Range(0, label + 1).Select(row => Row($"{label}/{row}", $"{label}")));
        var corpus = new TextCorpus("test", rows);
        Assert.Equal(Enumerable.Range(5, 20).Reverse().Select(label => $"{label}"), corpus.Labels);
        Assert.Equal(Enumerable.Range(6, 20).Sum(), corpus.LabelledCount);
    }

    [Fact]
    public void Labels_OfDocumentsWithout_AreNone()
    {
        var corpus = new TextCorpus("test", [Row("é", null)]);
        Assert.Empty(corpus.Labels);
        Assert.Equal(0, corpus.LabelledCount);
        Assert.Equal(2, corpus.Utf8Bytes);
    }

    private static Document Row(string text, string? label) => new(text, label, text, text);
}
