namespace Microsoft.ML.SigmaMoE.Tool.Tests;

public sealed class CompareCommandTests(TinyRun tiny) : IClassFixture<TinyRun>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Compare_TwoSystems_WritesTheTableAndKeepsTheRuns()
    {
        var output = _folder.File("comparison");
        string[] words = ["compare", tiny.Text, "--output", output, "--recipe", tiny.Recipe, "--systems", "dense,sigma-moe", "--seeds", "1"];
        var table = Tool.Run(words).Succeeds().Output;
        Assert.Contains("| σ-MoE |", table, StringComparison.Ordinal);
        Assert.Contains(
            table.Trim(), File.ReadAllText(Path.Combine(output, "comparison.md")), StringComparison.Ordinal);
        Assert.Equal(3, File.ReadAllLines(Path.Combine(output, "comparison.csv")).Length);
        var results = Directory.GetFiles(output, "result.json", SearchOption.AllDirectories).ToDictionary(
            file => file, File.GetLastWriteTimeUtc);
        Assert.Equal(2, results.Count);
        Assert.Empty(Directory.GetDirectories(output, "checkpoints", SearchOption.AllDirectories));

        Assert.Equal(table, Tool.Run(words).Succeeds().Output);
        Assert.All(results, result => Assert.Equal(result.Value, File.GetLastWriteTimeUtc(result.Key)));
    }

    [Fact]
    public void Compare_ATextTooShort_NamesEachRunThatFailed()
    {
        var text = _folder.Write("short.txt", string.Join('\n', Enumerable.Repeat("x", 10)));
        var result = Tool.Run(
            "compare", text, "--output", _folder.File("c"), "--recipe", tiny.Recipe, "--systems", "dense", "--seeds",
            "1");
        result.IsMistake("dense, seed 1: The text has");
    }

    [Theory]
    [InlineData("--seeds", "0", "--seeds is 0")]
    [InlineData("--systems", "magic", "magic is no system")]
    [InlineData("--systems", "dense,dense", "names one twice")]
    public void Compare_AMistake_IsNamed(string option, string value, string part) =>
        Tool.Run(
            "compare", tiny.Text, "--output", _folder.File("c"), "--recipe", tiny.Recipe, option,
            value).IsMistake(part);

    [Fact]
    public void Compare_TooFewDocuments_AsksForATest()
    {
        var text = _folder.Write("few.txt", "a\nb\n");
        Tool.Run("compare", text, "--output", _folder.File("c"), "--recipe", tiny.Recipe).IsMistake("only 2 documents");
    }
}
