using System.CommandLine;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>The words of the command line that say which text to read.</summary>
internal sealed class TextArguments
{
    private readonly Argument<string[]> _files = new("text")
    {
        Description = "Text files, a document a line.",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string?> _column = new("--column")
    {
        Description = "The files are tab-separated tables with a header; this column is the text.",
        HelpName = "name",
    };

    private readonly Option<bool> _wholeFiles = new("--whole-files") { Description = "Each file is one document." };

    public TextArguments(System.CommandLine.Command verb)
    {
        verb.Add(_files);
        verb.Add(_column);
        verb.Add(_wholeFiles);
    }

    /// <exception cref="UserException">A file or column is missing, or options contradict each other.</exception>
    public TextInput Of(ParseResult line) => Of(line, line.GetRequiredValue(_files));

    /// <summary>Other files that are read in the same way.</summary>
    public TextInput Of(ParseResult line, IReadOnlyList<string> files)
    {
        var input = new TextInput(files) { Column = line.GetValue(_column), WholeFiles = line.GetValue(_wholeFiles) };
        if (input is { Column: not null, WholeFiles: true })
        {
            throw new UserException("--column and --whole-files exclude each other.");
        }

        input.Check();
        return input;
    }
}
