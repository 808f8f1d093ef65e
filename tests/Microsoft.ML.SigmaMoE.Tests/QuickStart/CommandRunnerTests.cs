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

    [Fact]
    public void Run_WhereAFileCannotBeWritten_PrintsWhyAndReturnsOne()
    {
        var (code, _, errors) = Run(() => throw new UnauthorizedAccessException("no way"));
        Assert.Equal((1, "no way"), (code, errors.Trim()));
    }

    [Fact]
    public void Run_WithAFaultOfOurs_LetsItThrough() =>
        Assert.Throws<InvalidOperationException>(() => Run(() => throw new InvalidOperationException()));

    private static (int Code, string Output, string Errors) Run(params string[] words) =>
        Run(() => Assert.Fail("the story was told"), words);

    private static (int Code, string Output, string Errors) Run(Action story, params string[] words)
    {
        using var errors = new StringWriter();
        var (screen, output) = PlainScreen.Create();
        var code = CommandRunner.Run(words, screen, errors, (_, _) => story());
        return (code, output.ToString(), errors.ToString());
    }
}
