using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What kernels multiply matrices of.</summary>
/// <param name="Name">What parts of kernels/ and suffixes of kernels say.</param>
/// <param name="Element">What suffixes of kernels say that multiply no matrices: numbers as they lie in memory.</param>
/// <param name="ElementBytes">The bytes of a number in memory.</param>
/// <param name="Copy">How many of them one copy moves: rows are padded to whole copies.</param>
/// <param name="Conversion">The kernel that makes such rows of float32 rows of any length.</param>
internal sealed record TileNumbers(string Name, string Element, int ElementBytes, int Copy, string Conversion)
{
    /// <summary>Gets float32, multiplied as such on any GPU.</summary>
    public static TileNumbers Float32 { get; } = new("float", "float", 4, 1, "pad_rows");

    /// <summary>Gets float32 whose products are of numbers rounded to ten bits after the leading one.</summary>
    public static TileNumbers TensorFloat32 { get; } = new("tf32", "float", 4, 4, "pad_rows");

    /// <summary>Gets bfloat16.</summary>
    public static TileNumbers BFloat16 { get; } = new("bf16", "bf16", 2, 8, "to_bf16");

    /// <summary>Chooses what products of a precision are of on a GPU; null where no kernel has them.</summary>
    /// <param name="precision">How matrices are multiplied.</param>
    /// <param name="capability">The GPU's compute capability.</param>
    public static TileNumbers? For(ComputePrecision precision, int capability) => precision.Type switch
    {
        ScalarType.BFloat16 when capability >= 80 => BFloat16,
        ScalarType.Float32 when capability >= 80 && precision.AllowsTensorFloat32 => TensorFloat32,
        ScalarType.Float32 when capability >= 70 => Float32,
        _ => null,
    };

    /// <summary>Gets the length of a row of <paramref name="size"/> numbers.</summary>
    public int Padded(int size) => (size + Copy - 1) / Copy * Copy;

    /// <summary>Gets whether float32 rows of this length are what kernels read already.</summary>
    public bool TakesRowsOf(int size) => ElementBytes == sizeof(float) && size % Copy == 0;

    /// <inheritdoc/>
    public override string ToString() => Name;
}
