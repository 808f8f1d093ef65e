using System.Text.Json;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// What model.safetensors.index.json says: in which of several files, shards, each tensor stands. Nothing in it is
/// believed: a shard is a file of its own folder, and what it holds is compared by <see cref="ShardedCheckpoint"/>.
/// </summary>
/// <param name="Shards">The names of the files and of the tensors that each should have.</param>
/// <param name="TotalBytes">The length of all tensors together, or null where the index does not say.</param>
internal sealed record ShardIndex(IReadOnlyDictionary<string, IReadOnlySet<string>> Shards, long? TotalBytes)
{
    public const string FileName = "model.safetensors.index.json";
    public const string Extension = ".safetensors.index.json";

    /// <summary>The longest index that is read: a hundred times that of the largest models.</summary>
    public const int MaxLength = 1 << 26;

    private const int MostShards = 4096;
    private const string Map = "weight_map";
    private const string ShardExtension = ".safetensors";

    // index → map → name
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 8, AllowDuplicateProperties = false };

    /// <summary>Reads an index.</summary>
    /// <exception cref="InvalidDataException">It breaks the format, or names a file elsewhere.</exception>
    public static ShardIndex Read(Stream stream)
    {
        var json = stream.ReadUpTo(MaxLength + 1);
        if (json.Length > MaxLength)
        {
            throw new InvalidDataException($"It is longer than {MaxLength} bytes; no index of shards is.");
        }

        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            return Parse(document.RootElement);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // text that is not UTF-8 surfaces as InvalidOperationException
            throw new InvalidDataException($"It is no index of shards: {fault.Message}", fault);
        }
    }

    private static ShardIndex Parse(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty(Map, out var map)
            || map.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidDataException($"It is no index of shards: it has no object '{Map}'.");
        }

        var shards = map.EnumerateObject()
            .GroupBy(entry => Shard(entry.Name, entry.Value), entry => entry.Name)
            .ToDictionary(shard => shard.Key, shard => (IReadOnlySet<string>)shard.ToHashSet());
        return shards.Count is > 0 and <= MostShards
            ? new(shards, TotalSize(root))
            : throw new InvalidDataException($"It names {shards.Count} shards; it must be 1 to {MostShards}.");
    }

    // A name alone: whoever wrote the index does not choose which files of this machine are opened.
    private static string Shard(string tensor, JsonElement value)
    {
        var name = value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
        return name.EndsWith(ShardExtension, StringComparison.Ordinal) && name.AsSpan().IndexOfAny("/\\:\0") < 0
            && name.Length > ShardExtension.Length && !name.StartsWith('.')
            ? name
            : throw new InvalidDataException(
                $"It says that '{tensor}' stands in {value.GetRawText()}; a shard is a {ShardExtension} file beside the "
                + "index, named without a folder.");
    }

    private static long? TotalSize(JsonElement root)
    {
        if (!root.TryGetProperty("metadata", out var metadata) || metadata.ValueKind != JsonValueKind.Object
            || !metadata.TryGetProperty("total_size", out var size))
        {
            return null;
        }

        // some writers give it as 1024.0
        return size.ValueKind == JsonValueKind.Number && size.TryGetDouble(out var value)
            && value is >= 0 and < long.MaxValue
            ? (long)value
            : throw new InvalidDataException($"Its total_size is {size.GetRawText()}; it must be a number of bytes.");
    }
}
