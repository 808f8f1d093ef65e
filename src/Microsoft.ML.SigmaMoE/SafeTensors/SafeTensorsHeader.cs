using System.Buffers.Binary;
using System.Text.Json;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The head of a safetensors file: 8 bytes of length, then JSON that names the tensors and their places.
/// </summary>
/// <param name="Entries">The tensors in the order of their bytes, which follow one another without gaps.</param>
/// <param name="Metadata">Free text by name (the format's <c>__metadata__</c>).</param>
internal sealed record SafeTensorsHeader(
    IReadOnlyList<SafeTensorsEntry> Entries, IReadOnlyDictionary<string, string> Metadata)
{
    /// <summary>The name in the JSON that is no tensor.</summary>
    public const string MetadataName = "__metadata__";

    /// <summary>The longest JSON that the format allows.</summary>
    public const int MaxLength = 100_000_000;

    private const int Alignment = 8;

    /// <summary>Gets the length of all tensors together.</summary>
    public long DataLength => Entries.Count == 0 ? 0 : Entries[^1].End;

    /// <summary>Lays out tensors that stand in the order in which they will be written.</summary>
    public static SafeTensorsHeader For(
        IEnumerable<(string Name, Tensor Tensor)> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        var entries = new List<SafeTensorsEntry>();
        var start = 0L;
        foreach (var (name, tensor) in tensors)
        {
            var end = checked(start + tensor.numel() * SafeTensorsType.SizeOf(tensor.dtype));
            entries.Add(new SafeTensorsEntry(name, tensor.dtype, tensor.shape, start, end));
            start = end;
        }

        return new SafeTensorsHeader(entries, metadata);
    }

    /// <summary>
    /// Writes the length and the JSON, padded with spaces so that the data begins at a multiple of 8 bytes.
    /// </summary>
    public void WriteTo(Stream stream)
    {
        using var json = new MemoryStream();
        WriteJson(json);
        while (json.Length % Alignment != 0)
        {
            json.WriteByte((byte)' ');
        }

        Span<byte> length = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        stream.Write(length);
        json.WriteTo(stream);
    }

    private void WriteJson(Stream stream)
    {
        using var json = new Utf8JsonWriter(stream);
        json.WriteStartObject();
        if (Metadata.Count > 0)
        {
            json.WriteStartObject(MetadataName);
            foreach (var (name, text) in Metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                json.WriteString(name, text);
            }

            json.WriteEndObject();
        }

        foreach (var entry in Entries)
        {
            Write(json, entry);
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, SafeTensorsEntry entry)
    {
        json.WriteStartObject(entry.Name);
        json.WriteString("dtype", SafeTensorsType.NameOf(entry.Type));
        Write(json, "shape", entry.Shape);
        Write(json, "data_offsets", [entry.Start, entry.End]);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, long[] numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers)
        {
            json.WriteNumberValue(number);
        }

        json.WriteEndArray();
    }
}
