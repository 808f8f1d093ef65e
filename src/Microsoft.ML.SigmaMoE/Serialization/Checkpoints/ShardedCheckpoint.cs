using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A checkpoint in several safetensors files, as an index beside them names them: the Hugging Face form of large
/// models.
/// </summary>
internal sealed class ShardedCheckpoint : ICheckpoint
{
    private readonly List<SafeTensorsCheckpoint> _shards = [];
    private readonly Dictionary<string, SafeTensorsCheckpoint> _places = [];
    private readonly Dictionary<string, CheckpointTensor> _tensors = [];

    private ShardedCheckpoint(string path, ShardIndex index)
    {
        Path = path;
        try
        {
            foreach (var (name, tensors) in index.Shards.OrderBy(shard => shard.Key, StringComparer.Ordinal))
            {
                Add(name, tensors);
            }

            CheckLength(index);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Path { get; }

    public IReadOnlyDictionary<string, CheckpointTensor> Tensors => _tensors;

    // a shard's texts are about that file
    public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, object?> Arguments { get; } = new Dictionary<string, object?>();

    /// <summary>Opens all shards of an index and checks that they hold what it says, no less and no more.</summary>
    /// <exception cref="FileNotFoundException">A shard is missing.</exception>
    /// <exception cref="InvalidDataException">
    /// The index or a shard is damaged, or they do not belong together.
    /// </exception>
    public static ShardedCheckpoint Open(string path)
    {
        using var stream = File.OpenRead(path);
        return new(path, ShardIndex.Read(stream));
    }

    public Tensor Read(string name) => _places[name].Read(name);

    public void Dispose() => _shards.ForEach(shard => shard.Dispose());

    private void Add(string name, IReadOnlySet<string> expected)
    {
        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!;
        var shard = OpenShard(System.IO.Path.Combine(folder, name));
        _shards.Add(shard);
        foreach (var tensor in shard.Tensors.Values)
        {
            if (_places.TryGetValue(tensor.Name, out var other))
            {
                throw new InvalidDataException(
                    $"The tensor '{tensor.Name}' stands in '{other.Path}' and in '{shard.Path}'.");
            }

            _places.Add(tensor.Name, shard);
            _tensors.Add(tensor.Name, tensor);
        }

        WeightNameCheck.Run(expected, shard.Tensors.Keys, $"'{shard.Path}'", "what the index says of it");
    }

    private static SafeTensorsCheckpoint OpenShard(string path)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"'{path}' is missing, a part of the checkpoint.", path);
        }

        try
        {
            return SafeTensorsCheckpoint.Open(path);
        }
        catch (InvalidDataException fault)
        {
            throw new InvalidDataException($"The part '{path}' is damaged. {fault.Message}", fault);
        }
    }

    private void CheckLength(ShardIndex index)
    {
        var stored = _tensors.Values.Aggregate(
            0L, (sum, tensor) => checked(sum + tensor.Count * SafeTensorsType.SizeOf(tensor.Type)));
        if (index.TotalBytes is { } said && said != stored)
        {
            throw new InvalidDataException(
                $"The index speaks of {said} bytes of tensors, but the files that it names hold {stored}.");
        }
    }
}
