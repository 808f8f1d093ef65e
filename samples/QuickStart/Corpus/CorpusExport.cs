namespace QuickStart;

/// <summary>Writes the parts of a corpus as text files, a document a line, for tools that read such files.</summary>
internal static class CorpusExport
{
    /// <summary>Writes train.txt, validation.txt and test.txt.</summary>
    /// <exception cref="IOException">The folder cannot be written to.</exception>
    public static void Write(CorpusSplit split, string folder)
    {
        Directory.CreateDirectory(folder);
        Write(Path.Combine(folder, "train.txt"), split.Train);
        Write(Path.Combine(folder, "validation.txt"), split.Validation);
        Write(Path.Combine(folder, "test.txt"), split.Test);
    }

    private static void Write(string path, IEnumerable<Document> documents) =>
        File.WriteAllLines(path, documents.Select(document => document.Text.ReplaceLineEndings(" ")));
}
