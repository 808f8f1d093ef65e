namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Named files in memory, which a test can damage.</summary>
internal sealed class MemoryStreams : INamedStreams
{
    public Dictionary<string, byte[]> Files { get; } = [];

    public string Locate(string name) => $"memory/{name}";

    public void Write(string name, Action<Stream> write)
    {
        using var stream = new MemoryStream();
        write(stream);
        Files[name] = stream.ToArray();
    }

    public void Read(string name, Action<Stream> read)
    {
        if (!Files.TryGetValue(name, out var content))
        {
            throw new FileNotFoundException($"'{Locate(name)}' is missing.");
        }

        using var stream = new MemoryStream(content);
        read(stream);
    }
}
