using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What kernels multiply matrices of.</summary>
/// <param name="Name">What parts of kernels/ and suffixes of kernels say.</param>
/// <param name="Element">What suffixes of kernels say that multiply no matrices: numbers as they lie in memory.</param>
/// <param name="ElementBytes">The bytes of a number in memory.</param>
/// <param name="Copy">How many of them one copy moves: rows are padded to whole copies.</param>
/// <param name="Conversion">The kernel that makes such rows of float32 rows of any length.</param>
/// <param name="Capability">The least compute capability whose GPUs multiply them so.</param>
internal sealed record TileNumbers(
    string Name, string Element, int ElementBytes, int Copy, string Conversion, int Capability)
{
    /// <summary>Gets float32, multiplied as such on any GPU.</summary>
    public static TileNumbers Float32 { get; } = new("float", "float", 4, 1, "pad_rows", 70);

    /// <summary>Gets float32 whose products are of numbers rounded to ten bits after the leading one.</summary>
    public static TileNumbers TensorFloat32 { get; } = new("tf32", "float", 4, 4, "pad_rows", 80);

    /// <summary>Gets bfloat16.</summary>
    public static TileNumbers BFloat16 { get; } = new("bf16", "bf16", 2, 8, "to_bf16", 80);

    /// <summary>Gets IEEE 754's float16.</summary>
    public static TileNumbers Float16 { get; } = new("f16", "f16", 2, 8, "to_f16", 80);

    /// <summary>
    /// Gets float16 for compute capability 7.5, which multiplies it half as deep at once and copies nothing meanwhile.
    /// </summary>
    public static TileNumbers FlatFloat16 { get; } = new("f16_flat", "f16", 2, 8, "to_f16", 75);

    /// <summary>Chooses what products of a precision are of on a GPU; null where no kernel has them.</summary>
    /// <param name="precision">How matrices are multiplied.</param>
    /// <param name="capability">The GPU's compute capability.</param>
    public static TileNumbers? For(ComputePrecision precision, int capability)
    {
        // tensor cores of 7.0 lay their operands out as no later ones do: there float16 is float32 in the experts
        TileNumbers[] fastestFirst = precision.Type switch
        {
            ScalarType.BFloat16 => [BFloat16],
            ScalarType.Float16 => [Float16, FlatFloat16, Float32],
            ScalarType.Float32 => precision.AllowsTensorFloat32 ? [TensorFloat32, Float32] : [Float32],
            _ => [],
        };
        return fastestFirst.FirstOrDefault(numbers => capability >= numbers.Capability);
    }

    /// <summary>Gets the length of a row of <paramref name="size"/> numbers.</summary>
    public int Padded(int size) => (size + Copy - 1) / Copy * Copy;

    /// <summary>Gets whether float32 rows of this length are what kernels read already.</summary>
    public bool TakesRowsOf(int size) => ElementBytes == sizeof(float) && size % Copy == 0;

    /// <inheritdoc/>
    public override string ToString() => Name;
}
