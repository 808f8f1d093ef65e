namespace Microsoft.ML.SigmaMoE.Tool.Tests;

public sealed class ProgressTests
{
    [Fact]
    public void Plain_WithoutATerminal_IsLinesWithoutControlCharacters()
    {
        using var output = new StringWriter();
        new PlainProgress(output, "work", TimeSpan.Zero, TimeProvider.System).Report(new(0.5, "half"));
        Assert.Equal(
            "work · 50 % · half", output.ToString().TrimEnd().Replace("50%", "50 %", StringComparison.Ordinal));
    }

    [Fact]
    public void Plain_BeforeTheInterval_IsSilent()
    {
        using var output = new StringWriter();
        new PlainProgress(output, "work", TimeSpan.FromHours(1), TimeProvider.System).Report(new(0.5, "half"));
        Assert.Empty(output.ToString());
    }

    [Fact]
    public void Json_IsAnObjectALine()
    {
        using var output = new StringWriter();
        new JsonProgress(output, "work", TimeSpan.Zero, TimeProvider.System).Report(new(null, "some"));
        Assert.Equal("""{"event":"progress","work":"work","text":"some"}""", output.ToString().TrimEnd());
    }

    [Fact]
    public void Bar_OnAStreamThatIsNoTerminal_ReturnsWhatTheWorkReturns()
    {
        using var output = new StringWriter();
        Assert.Equal(3, new LiveBar(output).Run("work", progress =>
        {
            progress.Report(new(0.5, "[half]"));
            progress.Report(new(null, "more"));
            return 3;
        }));
    }
}
