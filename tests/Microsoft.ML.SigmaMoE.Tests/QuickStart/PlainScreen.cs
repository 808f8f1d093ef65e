using Spectre.Console;

namespace QuickStart.Tests;

/// <summary>A screen that is no terminal, and what was written on it.</summary>
internal static class PlainScreen
{
    public static (Screen Screen, StringWriter Output) Create()
    {
        var output = new StringWriter();
        return (new(CreateConsole(output)), output);
    }

    public static IAnsiConsole CreateConsole(TextWriter output) => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Ansi = AnsiSupport.No,
        Interactive = InteractionSupport.No,
        Out = new AnsiConsoleOutput(output),
    });
}
