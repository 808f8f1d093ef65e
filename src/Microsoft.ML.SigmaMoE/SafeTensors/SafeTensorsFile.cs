using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Writes and reads whole safetensors files, the format of the Python libraries: a JSON header, then the tensors'
/// bytes. The same tensors always make the same bytes.
/// </summary>
internal static class SafeTensorsFile
{
    /// <summary>Writes a file that appears whole or not at all.</summary>
    public static void Write(
        string path, IEnumerable<(string Name, Tensor Tensor)> tensors,
        IReadOnlyDictionary<string, string>? metadata = null) =>
        AtomicFile.Write(path, stream => Write(stream, tensors, metadata));

    /// <summary>Writes tensors one by one; those of other devices or strides are copied one at a time.</summary>
    /// <exception cref="ArgumentException">Two tensors have one name, or one has the name of the metadata.</exception>
    public static void Write(
        Stream stream, IEnumerable<(string Name, Tensor Tensor)> tensors,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        var ordered = Order(tensors);
        SafeTensorsHeader.For(ordered, metadata ?? new Dictionary<string, string>()).WriteTo(stream);
        foreach (var (_, tensor) in ordered)
        {
            stream.WriteTensor(tensor);
        }
    }

    /// <summary>Reads a whole file into main memory. The tensors are the caller's.</summary>
    /// <exception cref="InvalidDataException">It is no safetensors file, or a damaged one.</exception>
    public static IReadOnlyDictionary<string, Tensor> Read(string path)
    {
        using var stream = File.OpenRead(path);
        return Read(stream);
    }

    /// <inheritdoc cref="Read(string)"/>
    public static IReadOnlyDictionary<string, Tensor> Read(Stream stream)
    {
        var reader = new SafeTensorsReader(stream);
        var tensors = new Dictionary<string, Tensor>();
        try
        {
            foreach (var entry in reader.Entries)
            {
                tensors.Add(entry.Name, reader.Read(entry.Name));
            }

            reader.CheckEnd();
            return tensors;
        }
        catch
        {
            foreach (var tensor in tensors.Values)
            {
                tensor.Dispose();
            }

            throw;
        }
    }

    // Wide elements first, so that every tensor begins at a multiple of its element's size, as readers that map the
    // file ask.
    private static (string Name, Tensor Tensor)[] Order(IEnumerable<(string Name, Tensor Tensor)> tensors)
    {
        var ordered = tensors
            .OrderByDescending(pair => SafeTensorsType.SizeOf(pair.Tensor.dtype))
            .ThenBy(pair => pair.Name, StringComparer.Ordinal)
            .ToArray();
        var names = new HashSet<string> { SafeTensorsHeader.MetadataName };
        foreach (var (name, _) in ordered)
        {
            if (!names.Add(name))
            {
                throw new ArgumentException(
                    $"The name '{name}' is taken; every tensor of a file needs its own.", nameof(tensors));
            }
        }

        return ordered;
    }
}
