namespace QuickStart;

/// <summary>A text file of the user's own: one document a line, empty lines left out.</summary>
internal static class TextFileCorpus
{
    public static TextCorpus Read(string path) =>
        new(Path.GetFileName(path), File.ReadLines(path).Select(ToDocument));

    private static Document ToDocument(string line, int index)
    {
        var text = CollapsedText.Of(line);
        return new(text, Label: null, Id: $"line {index + 1}", Group: text);
    }
}
