using Spectre.Console;

namespace QuickStart;

/// <summary>Where results are printed: in colour and moving on a terminal, as plain lines elsewhere.</summary>
internal sealed class Screen(IAnsiConsole console)
{
    private const int PlainWidth = 120;

    private bool IsTerminal => console.Profile.Capabilities.Interactive && console.Profile.Capabilities.Ansi;

    /// <summary>The screen of this process.</summary>
    public static Screen OfProcess()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings());
        if (Console.IsOutputRedirected)
        {
            console.Profile.Capabilities.Interactive = false;
            console.Profile.Width = PlainWidth;
        }

        return new(console);
    }

    /// <summary>Begins a part of the story.</summary>
    public void Section(string title)
    {
        console.WriteLine();
        console.Write(new Rule($"[bold]{Markup.Escape(title)}[/]").LeftJustified());
    }

    public void Line(string text) => console.WriteLine(text);

    /// <summary>Names and values, one pair a line.</summary>
    public void Facts(params IEnumerable<(string Name, string Value)> facts)
    {
        var grid = new Grid().AddColumn(new GridColumn().NoWrap().PadRight(3)).AddColumn();
        foreach (var (name, value) in facts)
        {
            grid.AddRow(new Text(name, new Style(decoration: Decoration.Dim)), new Text(value));
        }

        console.Write(grid);
    }

    /// <summary>A table; columns after the first are numbers, set to the right.</summary>
    public void Table(IReadOnlyList<string> head, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (var (index, name) in head.Index())
        {
            var column = new TableColumn(new Text(name)).NoWrap();
            table.AddColumn(index == 0 ? column : column.RightAligned());
        }

        foreach (var row in rows)
        {
            table.AddRow(row.Select(cell => new Text(cell)));
        }

        console.Write(table);
    }

    /// <summary>Does a piece of work and shows how far it is.</summary>
    public T Watch<T>(string title, Func<IProgress<WorkState>, T> work) =>
        IsTerminal ? new LiveBar(console).Run(title, work) : work(new PlainProgress(console, title, TimeProvider.System));
}
