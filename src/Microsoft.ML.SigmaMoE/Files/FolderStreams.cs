namespace Microsoft.ML.SigmaMoE;

/// <summary>The files of one folder. A file is replaced only when its new content is complete.</summary>
/// <remarks>
/// Files that must change together are written by a <see cref="FolderTransaction"/>; its files are seen here.
/// </remarks>
internal sealed class FolderStreams(string folder) : INamedStreams
{
    public string Locate(string name) => FolderTransaction.Locate(folder, name);

    public void Write(string name, Action<Stream> write)
    {
        Directory.CreateDirectory(folder);
        AtomicFile.Write(Locate(name), write);
    }

    public void Read(string name, Action<Stream> read)
    {
        using var stream = Open(name);
        read(stream);
    }

    private FileStream Open(string name)
    {
        try
        {
            return File.OpenRead(Locate(name));
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            // a writer may just have moved it to its place
            var path = Path.Combine(folder, name);
            return File.Exists(path)
                ? File.OpenRead(path)
                : throw new FileNotFoundException($"'{path}' is missing.", path, fault);
        }
    }
}
