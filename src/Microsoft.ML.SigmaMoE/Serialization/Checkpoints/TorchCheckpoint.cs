using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A checkpoint of torch.save: a dictionary of tensors, or one under the key "model" with the arguments beside it.
/// </summary>
internal sealed class TorchCheckpoint : ICheckpoint
{
    private const string WeightsKey = "model";

    // tied weights are stored once and named twice; more than that is made up
    private const int MostBytesPerStored = 2;

    private readonly TorchArchive _archive;
    private readonly Dictionary<string, TorchTensor> _tensors;

    private TorchCheckpoint(string path, TorchArchive archive, long length)
    {
        (Path, _archive) = (path, archive);
        var root = archive.Root as PickleDictionary
            ?? throw new InvalidDataException("It holds no dictionary of tensors.");
        _tensors = Weights(root.TryGet<PickleDictionary>(WeightsKey, out var model) ? model : root);
        Tensors = _tensors.ToDictionary(
            pair => pair.Key, pair => new CheckpointTensor(pair.Key, pair.Value.Storage.Type, pair.Value.Shape));
        Arguments = ReadArguments(root);
        CheckLength(length);
    }

    public string Path { get; }

    public IReadOnlyDictionary<string, CheckpointTensor> Tensors { get; }

    public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, object?> Arguments { get; }

    /// <summary>Opens an archive and checks everything but the numbers.</summary>
    /// <exception cref="InvalidDataException">It is no such file, a damaged one, or holds more than data.</exception>
    public static TorchCheckpoint Open(string path)
    {
        var stream = File.OpenRead(path);
        var length = stream.Length;
        var archive = TorchArchive.Open(stream);
        try
        {
            return new(path, archive, length);
        }
        catch
        {
            archive.Dispose();
            throw;
        }
    }

    public Tensor Read(string name) => _archive.Read(_tensors[name]);

    public void Dispose() => _archive.Dispose();

    private static Dictionary<string, TorchTensor> Weights(PickleDictionary dictionary) =>
        dictionary.Items.ToDictionary(
        item => item.Key as string ?? throw new InvalidDataException($"Its entry {item.Key} has no name."),
        item => item.Value as TorchTensor ?? throw new InvalidDataException(
            $"Its entry '{item.Key}' is no tensor, so it is neither a dictionary of tensors nor one that has them under '{WeightsKey}'."));

    private static Dictionary<string, object?> ReadArguments(PickleDictionary root)
    {
        if (!root.TryGet<PickleDictionary>("run_invariants", out var run) || !run.TryGet<PickleDictionary>("args", out var arguments))
        {
            return [];
        }

        return arguments.Items.Where(item => item.Key is string).ToDictionary(
            item => (string)item.Key, item => item.Value);
    }

    private void CheckLength(long length)
    {
        Int128 total = 0;
        foreach (var (name, tensor) in Tensors)
        {
            total += (Int128)tensor.Count * SafeTensorsType.SizeOf(tensor.Type);
            if (total > (Int128)length * MostBytesPerStored)
            {
                throw new InvalidDataException(
                    $"Its tensors up to '{name}' are {total} bytes long, but the file has only {length}.");
            }
        }
    }
}
