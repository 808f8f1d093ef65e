using System.IO.Compression;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Writes files as torch.save does: an uncompressed zip of a pickle and one file for each storage.</summary>
internal static class TorchFileWriter
{
    private const string Folder = "archive/";

    /// <summary>Writes a value.</summary>
    public static byte[] Write(object? value)
    {
        var pickle = new PickleWriter();
        var bytes = pickle.Write(value);
        return Write(bytes, pickle.Storages);
    }

    /// <summary>Writes a pickle, well-formed or not, and storages.</summary>
    public static byte[] Write(byte[] pickle, IReadOnlyList<WrittenStorage> storages)
    {
        List<(string, byte[])> files = [($"{Folder}data.pkl", pickle), ($"{Folder}byteorder", "little"u8.ToArray())];
        foreach (var (key, storage) in storages.Index())
        {
            using var content = new MemoryStream();
            content.WriteTensor(storage.Numbers);
            files.Add(($"{Folder}data/{key}", content.ToArray()));
        }

        files.Add(($"{Folder}version", "3\n"u8.ToArray()));
        return Zip(files);
    }

    /// <summary>Writes a zip of the given files.</summary>
    public static byte[] Zip(
        IEnumerable<(string Name, byte[] Content)> files, CompressionLevel level = CompressionLevel.NoCompression)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                using var stream = zip.CreateEntry(name, level).Open();
                stream.Write(content);
            }
        }

        return bytes.ToArray();
    }

    /// <summary>
    /// Writes weights under the key "model" with arguments beside them, as the paper's code saves its checkpoints.
    /// </summary>
    public static byte[] Checkpoint(
        IEnumerable<(string Name, Tensor Tensor)> weights, Dictionary<string, object?>? arguments = null)
    {
        var all = new Dictionary<string, object?>
        {
            ["model"] = new WrittenWeights(weights.Select(weight => (weight.Name, TorchView.Of(weight.Tensor)))),
            ["state"] = new Dictionary<string, object?> { ["iter"] = 100_000 },
        };
        if (arguments is not null)
        {
            all["run_invariants"] = new Dictionary<string, object?> { ["args"] = arguments, ["wandb_id"] = null };
        }

        return Write(all);
    }
}
