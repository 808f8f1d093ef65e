using Spectre.Console;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>Where people read results: in colour on a terminal, as plain lines elsewhere.</summary>
internal sealed class Screen
{
    private const int PlainWidth = 160;
    private readonly IAnsiConsole _console;

    public Screen(TextWriter output)
    {
        _console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        if (!_console.Profile.Out.IsTerminal)
        {
            _console.Profile.Width = PlainWidth;
        }
    }

    public void Line(string text) => _console.WriteLine(text);

    /// <summary>Text that is set already: its lines are not cut at the width of the screen.</summary>
    public void Verbatim(string text) => _console.Profile.Out.Writer.Write(text);

    /// <summary>Names and values, one pair a line.</summary>
    public void Facts(params IEnumerable<(string Name, string Value)> facts)
    {
        var grid = new Grid().AddColumn(new GridColumn().NoWrap().PadLeft(0).PadRight(3)).AddColumn();
        foreach (var (name, value) in facts)
        {
            grid.AddRow(new Text(name, new Style(decoration: Decoration.Dim)), new Text(value));
        }

        _console.Write(grid);
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

        _console.Write(table);
    }
}
