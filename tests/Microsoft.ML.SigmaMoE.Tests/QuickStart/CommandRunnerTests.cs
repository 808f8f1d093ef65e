namespace QuickStart.Tests;

public sealed class CommandRunnerTests
{
    [Fact]
    public void Run_AnUnknownOption_PrintsOneLineAndReturnsOne()
    {
        var (code, output, errors) = Run("--nonsense");
        Assert.Equal(1, code);
        Assert.Equal("", output);
        Assert.Single(errors.TrimEnd().Split('\n'));
    }

    [Fact]
    public void Run_Help_PrintsTheOptionsAndReturnsZero()
    {
        var (code, output, errors) = Run("--help");
        Assert.Equal((0, ""), (code, errors));
        Assert.Contains("--minutes", output, StringComparison.Ordinal);
    }

    private static (int Code, string Output, string Errors) Run(params string[] words)
    {
        using var errors = new StringWriter();
        var (screen, output) = PlainScreen.Create();
        var code = CommandRunner.Run(words, screen, errors);
        return (code, output.ToString(), errors.ToString());
    }
}
