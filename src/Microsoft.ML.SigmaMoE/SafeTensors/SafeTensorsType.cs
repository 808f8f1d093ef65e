using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>The number formats that both safetensors and TorchSharp have, by the names they have in the file.</summary>
internal static class SafeTensorsType
{
    private static readonly (string Name, ScalarType Type, int Size)[] All =
    [
        ("F64", ScalarType.Float64, 8),
        ("F32", ScalarType.Float32, 4),
        ("F16", ScalarType.Float16, 2),
        ("BF16", ScalarType.BFloat16, 2),
        ("I64", ScalarType.Int64, 8),
        ("I32", ScalarType.Int32, 4),
        ("I16", ScalarType.Int16, 2),
        ("I8", ScalarType.Int8, 1),
        ("U8", ScalarType.Byte, 1),
        ("BOOL", ScalarType.Bool, 1),
    ];

    /// <summary>Gets every name, for messages.</summary>
    public static string Names => string.Join(", ", All.Select(type => type.Name));

    /// <summary>Finds the number format that a file calls <paramref name="name"/>.</summary>
    public static bool TryParse(string? name, out ScalarType type)
    {
        var index = Array.FindIndex(All, known => known.Name == name);
        type = index < 0 ? default : All[index].Type;
        return index >= 0;
    }

    /// <summary>Gets the name that a file has for <paramref name="type"/>.</summary>
    /// <exception cref="NotSupportedException">The format has no name for it.</exception>
    public static string NameOf(ScalarType type) => Find(type).Name;

    /// <summary>Gets the bytes of one element.</summary>
    public static int SizeOf(ScalarType type) => Find(type).Size;

    private static (string Name, ScalarType Type, int Size) Find(ScalarType type)
    {
        var index = Array.FindIndex(All, known => known.Type == type);
        return index >= 0
            ? All[index]
            : throw new NotSupportedException(
                $"A tensor of {type} cannot be stored as safetensors; convert it to one of {Names}.");
    }
}
