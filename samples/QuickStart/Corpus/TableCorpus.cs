using Microsoft.ML;
using Microsoft.ML.Data;

namespace QuickStart;

/// <summary>A tab-separated file of the user's own, with a header; fields may be quoted and then hold line breaks.</summary>
internal static class TableCorpus
{
    public static TextCorpus Read(
        MLContext context, string path, IReadOnlyList<string> textColumns, string? labelColumn)
    {
        var header = Header(path);
        var texts = textColumns.Select(name => IndexOf(name, header, path)).ToArray();
        var options = Options([.. texts, .. labelColumn is null ? [] : new[] { IndexOf(labelColumn, header, path) }]);
        var fields = context.Data.LoadFromTextFile(path, options).GetColumn<string?[]>("Fields");
        return new TextCorpus(
            Path.GetFileName(path), fields.Select((row, index) => ToDocument(row, texts.Length, index)));
    }

    private static TextLoader.Options Options(int[] indices) => new()
    {
        Separators = ['\t'],
        HasHeader = true,
        AllowQuoting = true,
        EscapeChar = '"',
        ReadMultilines = true,
        Columns = [new("Fields", DataKind.String, [.. indices.Select(index => new TextLoader.Range(index))])],
    };

    private static string[] Header(string path) =>
        [.. (File.ReadLines(path).FirstOrDefault() ?? "").Split('\t').Select(name => name.Trim().Trim('"'))];

    private static int IndexOf(string name, string[] header, string path) => Array.IndexOf(header, name) is >= 0 and var index
        ? index
        : throw new UserException($"{path} has no column {name}; its columns are {string.Join(", ", header)}.");

    // An empty field is null.
    private static Document ToDocument(string?[] fields, int textCount, int index)
    {
        var text = CollapsedText.Of(string.Join(' ', fields.Take(textCount)));
        var label = fields.ElementAtOrDefault(textCount);
        return new(text, label, Id: $"row {index + 1}", Group: text);
    }
}
