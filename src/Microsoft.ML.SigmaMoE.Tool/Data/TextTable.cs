using Microsoft.ML.Data;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>A tab-separated file with a header; fields may be quoted and then hold tabs and line breaks.</summary>
internal static class TextTable
{
    /// <summary>Reads a column.</summary>
    public static IEnumerable<string> Read(string path, string column)
    {
        var context = new MLContext();
        var options = new TextLoader.Options
        {
            Separators = ['\t'],
            HasHeader = true,
            AllowQuoting = true,
            EscapeChar = '"',
            ReadMultilines = true,
            Columns = [new(nameof(TextRow.Text), DataKind.String, IndexOf(column, path))],
        };
        return context.Data.LoadFromTextFile(path, options)
            .GetColumn<string?>(nameof(TextRow.Text))
            .Select(text => text ?? "");
    }

    /// <summary>Finds a column by its name.</summary>
    /// <exception cref="UserException">The table has no such column.</exception>
    public static int IndexOf(string column, string path)
    {
        string[] header =
            [.. (File.ReadLines(path).FirstOrDefault() ?? "").Split('\t').Select(name => name.Trim().Trim('"'))];
        return Array.IndexOf(header, column) is >= 0 and var index
            ? index
            : throw new UserException($"{path} has no column {column}; its columns are {string.Join(", ", header)}.");
    }
}
