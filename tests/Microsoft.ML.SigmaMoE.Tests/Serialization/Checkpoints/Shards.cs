using System.Text.Json;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Writes tensors into several files and an index, as transformers does.</summary>
internal static class Shards
{
    public const string Index = "model.safetensors.index.json";
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes every tensor into one of <paramref name="count"/> files, in turns.</summary>
    /// <returns>The JSON of the index, which is written too.</returns>
    public static string Write(TemporaryFolder folder, IReadOnlyDictionary<string, Tensor> tensors, int count)
    {
        var map = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in tensors.OrderBy(tensor => tensor.Key, StringComparer.Ordinal).Index().GroupBy(item => item.Index % count))
        {
            var name = $"model-{part.Key + 1:d5}-of-{count:d5}.safetensors";
            SafeTensorsFile.Write(folder.File(name), part.Select(item => (item.Item.Key, item.Item.Value)));
            part.ToList().ForEach(item => map.Add(item.Item.Key, name));
        }

        var size = tensors.Values.Sum(tensor => tensor.numel() * tensor.ElementSize);
        var index = JsonSerializer.Serialize(
            new Dictionary<string, object> { ["metadata"] = new { total_size = size }, ["weight_map"] = map },
            Indented);
        File.WriteAllText(folder.File(Index), index);
        return index;
    }
}
