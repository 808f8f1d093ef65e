namespace QuickStart.Tests;

public sealed class ScreenTests
{
    private const char Escape = '\u001b';

    [Fact]
    public void Table_OffTheTerminal_IsPlainTextWithEveryCell()
    {
        var (screen, output) = PlainScreen.Create();
        screen.Section("A [title]");
        screen.Table(["name", "value"], [["[a]", "1"], ["b", "22"]]);
        screen.Facts(("fact", "[value]"));
        var text = output.ToString();
        Assert.DoesNotContain(Escape, text);
        Assert.All(
            ["A [title]", "name", "[a]", "22", "fact", "[value]"],
            part => Assert.Contains(part, text, StringComparison.Ordinal));
    }

    [Fact]
    public void Watch_OffTheTerminal_ReturnsWhatTheWorkReturns()
    {
        var (screen, output) = PlainScreen.Create();
        Assert.Equal(3, screen.Watch("work", progress =>
        {
            progress.Report(new(0.5, "half"));
            return 3;
        }));
        Assert.DoesNotContain(Escape, output.ToString());
    }
}
