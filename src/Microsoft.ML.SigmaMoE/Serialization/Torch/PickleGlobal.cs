using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The few names that a pickle may ask for. None of them is code of the file; each is one line of ours.
/// </summary>
/// <param name="Name">The Python name.</param>
/// <param name="StorageType">The number format of a storage class; null for functions and containers.</param>
internal sealed record PickleGlobal(string Name, ScalarType? StorageType = null)
{
    public static readonly PickleGlobal OrderedDictionary = new("collections.OrderedDict");
    public static readonly PickleGlobal RebuildTensor = new("torch._utils._rebuild_tensor_v2");
    public static readonly PickleGlobal RebuildParameter = new("torch._utils._rebuild_parameter");

    private static readonly Dictionary<string, PickleGlobal> Known = new PickleGlobal[]
    {
        OrderedDictionary,
        RebuildTensor,
        RebuildParameter,
        new("torch.DoubleStorage", ScalarType.Float64),
        new("torch.FloatStorage", ScalarType.Float32),
        new("torch.HalfStorage", ScalarType.Float16),
        new("torch.BFloat16Storage", ScalarType.BFloat16),
        new("torch.LongStorage", ScalarType.Int64),
        new("torch.IntStorage", ScalarType.Int32),
        new("torch.ShortStorage", ScalarType.Int16),
        new("torch.CharStorage", ScalarType.Int8),
        new("torch.ByteStorage", ScalarType.Byte),
        new("torch.BoolStorage", ScalarType.Bool),
    }.ToDictionary(known => known.Name);

    /// <summary>Finds a name.</summary>
    /// <exception cref="InvalidDataException">It is none of the few.</exception>
    public static PickleGlobal Find(string module, string name) =>
        Known.TryGetValue($"{module}.{name}", out var known) ? known : throw new InvalidDataException(
            $"The PyTorch archive asks for '{Shortened(module)}.{Shortened(name)}'. Only tensors, numbers, texts and containers are read, "
            + "and no code of a file is ever run. If you trust the file, save what matters of it anew in Python: "
            + "torch.save({'model': checkpoint['model'], 'run_invariants': checkpoint['run_invariants']}, path).");

    private static string Shortened(string text) => text.Length <= 100 ? text : $"{text[..100]}…";
}
