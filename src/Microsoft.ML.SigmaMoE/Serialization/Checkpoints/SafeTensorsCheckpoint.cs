using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>A checkpoint in one safetensors file.</summary>
internal sealed class SafeTensorsCheckpoint : ICheckpoint
{
    private readonly Stream _stream;
    private readonly SafeTensorsReader _reader;

    private SafeTensorsCheckpoint(string path, Stream stream)
    {
        (Path, _stream) = (path, stream);
        _reader = new SafeTensorsReader(stream);
        Tensors = _reader.Entries.ToDictionary(
            entry => entry.Name, entry => new CheckpointTensor(entry.Name, entry.Type, entry.Shape));
    }

    public string Path { get; }

    public IReadOnlyDictionary<string, CheckpointTensor> Tensors { get; }

    public IReadOnlyDictionary<string, string> Metadata => _reader.Metadata;

    public IReadOnlyDictionary<string, object?> Arguments { get; } = new Dictionary<string, object?>();

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="InvalidDataException">It is no safetensors file, or a damaged one.</exception>
    public static SafeTensorsCheckpoint Open(string path)
    {
        var stream = File.OpenRead(path);
        try
        {
            return new(path, stream);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    public Tensor Read(string name) => _reader.Read(name);

    public void Dispose() => _stream.Dispose();
}
