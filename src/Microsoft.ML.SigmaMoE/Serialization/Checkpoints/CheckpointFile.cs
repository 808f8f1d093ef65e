namespace Microsoft.ML.SigmaMoE;

/// <summary>Opens a checkpoint by what its file begins with.</summary>
internal static class CheckpointFile
{
    private static ReadOnlySpan<byte> Zip => "PK\u0003\u0004"u8;

    // what torch.save wrote before version 1.6; as a safetensors file its header would be longer than any
    private static ReadOnlySpan<byte> BarePickle => [0x80, 0x02, 0x8A, 0x0A];

    private static readonly string[] InFolder = [ModelFolder.WeightsName, ShardIndex.FileName, "pytorch_model.bin"];

    /// <summary>Opens a file, or the file that a folder in the Hugging Face form has.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="InvalidDataException">It is no checkpoint, or a damaged one.</exception>
    public static ICheckpoint Open(string path)
    {
        path = Directory.Exists(path) ? FindIn(path) : path;
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"'{path}' is missing.", path);
        }

        try
        {
            return OpenByStart(path);
        }
        catch (InvalidDataException fault)
        {
            throw new InvalidDataException($"'{path}' cannot be used. {fault.Message}", fault);
        }
    }

    private static string FindIn(string folder) =>
        InFolder.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
        ?? throw new FileNotFoundException(
            $"'{folder}' holds neither {string.Join(" nor ", InFolder.Select(name => $"'{name}'"))}.");

    private static ICheckpoint OpenByStart(string path)
    {
        if (path.EndsWith(ShardIndex.Extension, StringComparison.OrdinalIgnoreCase))
        {
            return ShardedCheckpoint.Open(path);
        }

        var start = Start(path).Span;
        if (start.StartsWith(Zip))
        {
            return TorchCheckpoint.Open(path);
        }

        return start.StartsWith(BarePickle)
            ? throw new InvalidDataException(
                "It is a PyTorch file of the format before version 1.6, which is not read. Load it in Python and save it again.")
            : SafeTensorsCheckpoint.Open(path);
    }

    private static ReadOnlyMemory<byte> Start(string path)
    {
        using var stream = File.OpenRead(path);
        return stream.ReadUpTo(Zip.Length);
    }
}
