namespace Microsoft.ML.SigmaMoE;

/// <summary>The files of one folder. A file is replaced only when its new content is complete.</summary>
internal sealed class FolderStreams(string folder) : INamedStreams
{
    public string Locate(string name) => Path.Combine(folder, name);

    public void Write(string name, Action<Stream> write)
    {
        Directory.CreateDirectory(folder);
        var temporary = Locate($"{name}.{Guid.NewGuid():N}.tmp");
        try
        {
            using (var stream = File.Create(temporary))
            {
                write(stream);
            }

            File.Move(temporary, Locate(name), overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    public void Read(string name, Action<Stream> read)
    {
        if (!File.Exists(Locate(name)))
        {
            throw new FileNotFoundException($"'{Locate(name)}' is missing; a saved tokenizer needs it.", Locate(name));
        }

        using var stream = File.OpenRead(Locate(name));
        read(stream);
    }
}
