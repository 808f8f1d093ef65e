namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Replaces several files of a folder all together or not at all, and leaves its other files alone. New files gather in
/// a staging folder; <see cref="Commit"/> renames that, which is the one step that counts, and then moves them to their
/// places. A process that dies in between leaves the committed folder, in which readers look first and which the next
/// writer empties.
/// </summary>
internal sealed class FolderTransaction : INamedStreams, IDisposable
{
    private const string CommittedName = ".committed";
    private readonly string _folder;
    private readonly string _staging;

    public FolderTransaction(string folder)
    {
        _folder = Path.GetFullPath(folder);
        _staging = Path.Combine(_folder, $".staging-{Guid.NewGuid():N}");
        Directory.CreateDirectory(_staging);
    }

    /// <summary>Finds the valid version of a file, whatever happened to earlier writers.</summary>
    public static string Locate(string folder, string name)
    {
        var committed = Path.Combine(folder, CommittedName, name);
        return File.Exists(committed) ? committed : Path.Combine(folder, name);
    }

    public string Locate(string name) => Path.Combine(_folder, name);

    public void Write(string name, Action<Stream> write) => AtomicFile.Write(Path.Combine(_staging, name), write);

    public void Read(string name, Action<Stream> read) => new FolderStreams(_staging).Read(name, read);

    /// <summary>Makes everything that was written valid at once.</summary>
    public void Commit()
    {
        MoveCommitted();
        Directory.Move(_staging, Path.Combine(_folder, CommittedName));
        MoveCommitted();
    }

    /// <summary>Drops what was not committed.</summary>
    public void Dispose()
    {
        if (Directory.Exists(_staging))
        {
            Directory.Delete(_staging, recursive: true);
        }
    }

    private void MoveCommitted()
    {
        var committed = Path.Combine(_folder, CommittedName);
        if (!Directory.Exists(committed))
        {
            return;
        }

        foreach (var file in Directory.GetFiles(committed))
        {
            File.Move(file, Path.Combine(_folder, Path.GetFileName(file)), overwrite: true);
        }

        Directory.Delete(committed);
    }
}
