using Microsoft.ML.Data;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>
/// The documents of some files: their lines, or a column of tables, or the files themselves. Read anew each time.
/// </summary>
internal sealed record TextInput(IReadOnlyList<string> Files)
{
    /// <summary>Gets the column that holds the text of tab-separated tables; null for plain text.</summary>
    public string? Column { get; init; }

    /// <summary>Gets whether each file is one document, not each line.</summary>
    public bool WholeFiles { get; init; }

    /// <summary>Gets which of the documents; all of them by default.</summary>
    public Range Part { get; init; } = Range.All;

    /// <summary>Checks that there is something to read, before long work begins.</summary>
    /// <exception cref="UserException">A file is missing, or has no such column.</exception>
    public void Check()
    {
        foreach (var file in Files)
        {
            if (!File.Exists(file))
            {
                throw new UserException(Directory.Exists(file)
                    ? $"{file} is a folder; name its files."
                    : $"{file} does not exist.");
            }

            if (Column is not null)
            {
                _ = TextTable.IndexOf(Column, file);
            }
        }
    }

    /// <summary>Reads the documents one by one.</summary>
    public IEnumerable<string> Read()
    {
        Check();
        return Files.SelectMany(Read).Take(Part);
    }

    /// <summary>Makes a data view of one column.</summary>
    public IDataView View(MLContext context) => context.Data.LoadFromEnumerable(Rows());

    private IEnumerable<TextRow> Rows()
    {
        foreach (var text in Read())
        {
            yield return new() { Text = text };
        }
    }

    private IEnumerable<string> Read(string file) =>
        Column is not null ? TextTable.Read(file, Column)
        : WholeFiles ? [File.ReadAllText(file)]
        : File.ReadLines(file);
}
