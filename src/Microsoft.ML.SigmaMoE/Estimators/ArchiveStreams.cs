namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// One component's entries in ML.NET's model archive, as a set of files. Written or read, never both.
/// </summary>
internal sealed class ArchiveStreams : INamedStreams
{
    private readonly RepositoryReader? _reader;
    private readonly RepositoryWriter? _writer;
    private readonly string _folder;

    /// <exception cref="NotSupportedException">The component is being saved into a bare stream.</exception>
    public ArchiveStreams(ModelSaveContext context) =>
        (_writer, _folder) = (context.Repository ?? throw NoArchive("saved to"), context.Directory ?? "");

    /// <exception cref="NotSupportedException">The component is being loaded from a bare stream.</exception>
    public ArchiveStreams(ModelLoadContext context) =>
        (_reader, _folder) = (context.Repository ?? throw NoArchive("loaded from"), context.Directory ?? "");

    public string Locate(string name) => Path.Combine(_folder, name);

    public void Write(string name, Action<Stream> write)
    {
        using var entry = _writer!.CreateEntry(_folder, name);
        write(entry.Stream);
    }

    public void Read(string name, Action<Stream> read)
    {
        using var entry = _reader!.OpenEntryOrNull(_folder, name)
            ?? throw new FileNotFoundException($"The archive has no entry '{Locate(name)}'.", name);
        read(entry.Stream);
    }

    private static NotSupportedException NoArchive(string verb) =>
        new($"A language model has several files: it can only be {verb} an archive (mlContext.Model.Save and Load).");
}
