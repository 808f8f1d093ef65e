namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The sizes of a mixture, and their padding: inner dimensions are multiples of 32, which the kernels are fastest at.
/// </summary>
/// <param name="ModelSize">d_model (D).</param>
/// <param name="ExpertSize">Hidden neurons of an expert (G).</param>
internal readonly record struct ExpertShape(int ModelSize, int ExpertSize)
{
    /// <summary>The most rows that one multiplication takes: a tile of them stays in the second-level cache.</summary>
    public const int TileRows = 96;

    /// <summary>Gets the sizes of some experts.</summary>
    public static ExpertShape Of(in ExpertInputs inputs) => new((int)inputs.Up.size(2), (int)inputs.Up.size(1));

    /// <summary>Gets d_model, padded.</summary>
    public int PaddedModelSize => Padding.Up(ModelSize, 32);

    /// <summary>Gets the expert size, padded.</summary>
    public int PaddedExpertSize => Padding.Up(ExpertSize, 32);

    /// <summary>Gets how far apart rows of d_model float32 numbers, or of d_model pairs, stand.</summary>
    public int ModelStride => Padding.Stride(ModelSize);

    /// <summary>Gets the same for an expert's numbers.</summary>
    public int ExpertStride => Padding.Stride(ExpertSize);

    /// <summary>Gets the pairs of a packed matrix that takes d_model numbers to the expert's.</summary>
    public long PairsInto => (long)PaddedModelSize / 2 * ExpertStride;

    /// <summary>Gets the pairs of a packed matrix that takes the expert's numbers to d_model.</summary>
    public long PairsOutOf => (long)PaddedExpertSize / 2 * ModelStride;
}
