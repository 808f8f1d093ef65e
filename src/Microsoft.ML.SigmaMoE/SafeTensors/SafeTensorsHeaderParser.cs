using System.Text.Json;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Reads the JSON at the head of a safetensors file and believes nothing in it: names, formats, shapes and places are
/// checked against each other, so that whoever uses the result can allocate what it says.
/// </summary>
internal static class SafeTensorsHeaderParser
{
    // the deepest value of the format: header → tensor → shape
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 3, AllowDuplicateProperties = false };

    /// <summary>Parses the header.</summary>
    /// <exception cref="InvalidDataException">It breaks the format; the message names the tensor.</exception>
    public static SafeTensorsHeader Parse(ReadOnlyMemory<byte> json)
    {
        if (json.Span is not [(byte)'{', ..])
        {
            throw new InvalidDataException("This is no safetensors file: its header is not a JSON object.");
        }

        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            return Parse(document.RootElement);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // text that is not UTF-8 surfaces as InvalidOperationException
            throw new InvalidDataException(
                $"The header of the safetensors file is not valid JSON: {fault.Message}", fault);
        }
    }

    private static SafeTensorsHeader Parse(JsonElement root)
    {
        var entries = root.EnumerateObject()
            .Where(property => property.Name != SafeTensorsHeader.MetadataName)
            .Select(property => ParseEntry(property.Name, property.Value))
            .OrderBy(entry => entry.Start).ThenBy(entry => entry.End).ThenBy(
                entry => entry.Name, StringComparer.Ordinal)
            .ToArray();
        CheckPlaces(entries);
        return new SafeTensorsHeader(entries, ParseMetadata(root));
    }

    private static Dictionary<string, string> ParseMetadata(JsonElement root)
    {
        if (!root.TryGetProperty(SafeTensorsHeader.MetadataName, out var metadata))
        {
            return [];
        }

        return metadata.ValueKind == JsonValueKind.Object
            ? metadata.EnumerateObject().ToDictionary(
                pair => pair.Name, pair => Text(SafeTensorsHeader.MetadataName, pair.Value))
            : throw Broken(SafeTensorsHeader.MetadataName, "is not an object of texts");
    }

    private static SafeTensorsEntry ParseEntry(string name, JsonElement value)
    {
        var typeName = Text(name, Property(name, value, "dtype"));
        if (!SafeTensorsType.TryParse(typeName, out var type))
        {
            throw Broken(name, $"has dtype {typeName}; readable are {SafeTensorsType.Names}");
        }

        var shape = Numbers(name, Property(name, value, "shape"));
        var place = Numbers(name, Property(name, value, "data_offsets"));
        if (place.Length != 2 || place[0] > place[1])
        {
            throw Broken(name, $"has data_offsets [{string.Join(", ", place)}], not a start and an end");
        }

        var entry = new SafeTensorsEntry(name, type, shape, place[0], place[1]);
        CheckLength(entry);
        return entry;
    }

    private static JsonElement Property(string tensor, JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var property)
            ? property
            : throw Broken(tensor, $"has no {name}");

    private static string Text(string tensor, JsonElement value) => value.ValueKind == JsonValueKind.String
        ? value.GetString()!
        : throw Broken(tensor, $"has a {value.ValueKind} where a text belongs");

    private static long[] Numbers(string tensor, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > SafeTensorsEntry.MaxRank)
        {
            throw Broken(tensor, $"has no list of at most {SafeTensorsEntry.MaxRank} numbers where one belongs");
        }

        return [.. value.EnumerateArray().Select(element => Number(tensor, element))];
    }

    private static long Number(string tensor, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= 0
            ? number
            : throw Broken(tensor, $"has {value} where a whole number, 0 or more, belongs");

    // A size of 0 counts as 1 in the overflow check: libtorch multiplies the other sizes to find the strides.
    private static void CheckLength(SafeTensorsEntry entry)
    {
        var size = (Int128)SafeTensorsType.SizeOf(entry.Type);
        foreach (var dimension in entry.Shape)
        {
            size *= Math.Max(dimension, 1);
            if (size > long.MaxValue)
            {
                throw Broken(entry.Name, $"has shape [{string.Join(", ", entry.Shape)}], more than can be addressed");
            }
        }

        var needed = entry.Shape.Contains(0) ? 0 : (long)size;
        if (needed != entry.End - entry.Start)
        {
            throw Broken(
                entry.Name,
                $"is {entry} and needs {needed} bytes, but its data_offsets hold {entry.End - entry.Start}");
        }
    }

    private static void CheckPlaces(SafeTensorsEntry[] entries)
    {
        var end = 0L;
        foreach (var entry in entries)
        {
            if (entry.Start != end)
            {
                var fault = entry.Start < end ? "overlaps the tensor before it" : "leaves a hole before it";
                throw Broken(entry.Name, $"begins at byte {entry.Start} of the data, not at {end}: it {fault}");
            }

            end = entry.End;
        }
    }

    private static InvalidDataException Broken(string tensor, string fault) =>
        new($"The safetensors file is damaged or is none: '{tensor}' {fault}.");
}
