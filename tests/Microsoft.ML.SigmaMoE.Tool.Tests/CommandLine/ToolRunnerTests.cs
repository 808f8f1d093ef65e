namespace Microsoft.ML.SigmaMoE.Tool.Tests;

public sealed class ToolRunnerTests
{
    [Theory]
    [InlineData("--nonsense")]
    [InlineData("dance")]
    [InlineData("")]
    [InlineData("train")]
    [InlineData("train a.txt")]
    [InlineData("train a.txt --output m --steps many")]
    [InlineData("score")]
    [InlineData("featurize m a.txt --pooling median")]
    [InlineData("tokenizer")]
    public void Run_AMistakeInTheWords_IsOneLineAndOne(string line) =>
        Tool.Run(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).IsMistake("--help");

    [Fact]
    public void Run_AChoiceThatIsNone_NamesThemAll() => Tool.Run("featurize", "m", "a.txt", "--pooling", "median")
        .IsMistake("'median' is none of mean, max, last, mean-and-max, second-moment.");

    [Fact]
    public void Run_Help_ListsTheVerbs()
    {
        var help = Tool.Run("--help").Succeeds();
        Assert.All(
            ["train", "eval", "score", "featurize", "generate", "tokenizer", "info", "bench"],
            verb => Assert.Contains(verb, help.Output, StringComparison.Ordinal));
    }

    [Fact]
    public void Run_Version_IsTheLibrarys() =>
        Assert.StartsWith(
            RuntimeDescription.OfThisProcess().LibraryVersion, Tool.Run("--version").Succeeds().Output,
            StringComparison.Ordinal);
}
