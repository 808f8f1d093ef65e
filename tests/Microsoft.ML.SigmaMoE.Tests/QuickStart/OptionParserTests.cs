using Microsoft.ML.SigmaMoE.Tests;

namespace QuickStart.Tests;

public sealed class OptionParserTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Parse_Nothing_GivesTheDefaults()
    {
        var options = OptionParser.Parse([]);
        Assert.Equal((4.0, 1, false, SplitKind.Type), (options.Minutes, options.Seed, options.Quick, options.Split));
        Assert.Null(options.TextFile ?? options.TableFile);
        Assert.StartsWith(Path.GetTempPath(), options.OutputFolder, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_EveryOption_TakesItsValue()
    {
        var table = _folder.File("a.tsv");
        File.WriteAllText(table, "");
        var options = OptionParser.Parse(
        [
            "--minutes", "1.5", "--quick", "--tsv", table, "--text-column", "Title, Body", "--label-column", "Area",
            "--output", "out", "--export", "parts", "--seed", "7",
        ]);
        Assert.Equal((1.5, true, 7, table), (options.Minutes, options.Quick, options.Seed, options.TableFile));
        Assert.Equal("parts", options.ExportFolder);
        Assert.Equal(["Title", "Body"], options.TextColumns);
        Assert.Equal(("Area", "out"), (options.LabelColumn, options.OutputFolder));
        Assert.Equal(SplitKind.Member, OptionParser.Parse(["--split", "member"]).Split);
        Assert.True(OptionParser.Parse(["--help"]).Help);
    }

    [Theory]
    [InlineData("--nonsense", "--nonsense is not an option")]
    [InlineData("words", "words is not an option")]
    [InlineData("--minutes", "--minutes needs a value")]
    [InlineData("--minutes --quick", "--minutes needs a value")]
    [InlineData("--minutes four", "needs a number, not four")]
    [InlineData("--minutes 0", "0.5 to 10000")]
    [InlineData("--minutes NaN", "0.5 to 10000")]
    [InlineData("--seed 1.5", "needs a number, not 1.5")]
    [InlineData("--split house", "type or member, not house")]
    [InlineData("--text /no/such/file", "/no/such/file does not exist")]
    [InlineData("--tsv /no/such/file", "--tsv needs --text-column")]
    [InlineData("--tsv /no/such/file --text-column A", "/no/such/file does not exist")]
    [InlineData("--tsv a --text b --text-column A", "exclude each other")]
    [InlineData("--text-column A", "--text-column names a column of --tsv")]
    [InlineData("--label-column A", "--label-column names a column of --tsv")]
    [InlineData("--text a --split member", "--split goes with the SDK's documentation")]
    public void Parse_AMistake_SaysWhatIsWrong(string line, string message) => Assert.Contains(
        message, Assert.Throws<UserException>(() => OptionParser.Parse(line.Split(' '))).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Usage_NamesEveryOption() => Assert.All(
        ["--minutes", "--quick", "--text", "--tsv", "--text-column", "--label-column", "--split", "--output", "--seed"],
        option => Assert.Contains($"  {option} ", OptionParser.Usage, StringComparison.Ordinal));
}
