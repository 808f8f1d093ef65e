namespace QuickStart.Tests;

public sealed class SdkCorpusTests
{
    private static readonly TextCorpus Corpus = SdkCorpus.Read();

    [Fact]
    public void Read_OfAnySdk10_HasAboutAsMuchTextAsTheFirst()
    {
        // 10.0.12 has 65,896 texts of 13.13 MB, 63,068 of them in the 20 classes
        Assert.InRange(Corpus.Documents.Count, 60_000, 72_000);
        Assert.InRange(Corpus.Utf8Bytes, 12_000_000, 14_500_000);
        Assert.InRange(Corpus.LabelledCount, 57_000, Corpus.Documents.Count - 1);
        Assert.Equal(20, Corpus.Labels.Count);
    }

    [Fact]
    public void Read_OfTheSdk_LabelsByRealNamespace()
    {
        var join = Corpus.Documents.First(
            document => document.Id.StartsWith("M:System.String.Join(", StringComparison.Ordinal));
        Assert.Equal(("System", "System.String"), (join.Label, join.Group));
        Assert.DoesNotContain("System.String", Corpus.Labels);
    }

    [Fact]
    public void Read_OfTheSdk_HasNoTextTwiceAndNoneEmpty()
    {
        Assert.Equal(Corpus.Documents.Count, Corpus.Documents.Select(document => document.Text).Distinct().Count());
        Assert.DoesNotContain(Corpus.Documents, document => document.Text.Length == 0);
    }

    [Fact]
    public void Read_Twice_GivesTheSameOrder() => Assert.Equal(Corpus.Documents, SdkCorpus.Read().Documents);

    [Theory]
    [InlineData("System", "System")]
    [InlineData("System.Collections", "System.Collections")]
    [InlineData("System.Collections.Generic", "System.Collections")]
    public void Label_OfANamespace_IsItsFirstTwoSegments(string space, string expected) =>
        Assert.Equal(expected, SdkCorpus.Label(space));
}
