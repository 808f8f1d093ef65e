using System.CommandLine;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>Where rows go: to the screen, or into a file that is replaced only when the new one is whole.</summary>
internal sealed class OutputOption
{
    private readonly Option<string?> _file = new("--output", "-o")
    {
        Description = "The file to write; the screen if left out.",
        HelpName = "file",
    };

    public OutputOption(System.CommandLine.Command verb) => verb.Add(_file);

    public void Write(ParseResult line, Shell shell, Action<TextWriter> write)
    {
        if (line.GetValue(_file) is not { } path)
        {
            write(shell.Output);
            return;
        }

        WholeFile.Write(path, write);
    }
}
