using Microsoft.ML;
using Microsoft.ML.SigmaMoE.Tests;

namespace QuickStart.Tests;

public sealed class CorpusChoiceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_TooFewDocuments_SaysHowManyThereAre()
    {
        var exception = Assert.Throws<UserException>(() => Read(99));
        Assert.Contains("99", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Split_OfAFile_HoldsOutATenthTwice()
    {
        var split = CorpusChoice.Split(Options, Read(10_000));
        Assert.InRange(split.Test.Count, 850, 1150);
        Assert.InRange(split.Validation.Count, 850, 1150);
    }

    private QuickStartOptions Options => new() { TextFile = _folder.File("own.txt") };

    private TextCorpus Read(int lines)
    {
        File.WriteAllLines(Options.TextFile!, Enumerable.Range(0, lines).Select(line => $"line {line}"));
        return CorpusChoice.Read(Options, new MLContext(1));
    }
}
