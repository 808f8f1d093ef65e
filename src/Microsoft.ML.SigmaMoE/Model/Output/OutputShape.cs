namespace Microsoft.ML.SigmaMoE;

/// <summary>The sizes of an output layer and of the tiles that compute it in bfloat16.</summary>
/// <param name="ModelSize">d_model (D).</param>
/// <param name="Vocabulary">V.</param>
internal readonly unsafe record struct OutputShape(int ModelSize, int Vocabulary)
{
    /// <summary>
    /// The most tokens of a tile: its logits in bfloat16 fit the second-level cache up to V of some thousand.
    /// </summary>
    public const int TileRows = 128;

    /// <summary>Columns of logits that one product makes.</summary>
    public const int Panel = PairPanels.Columns;

    /// <summary>
    /// Columns of logits that one product takes: rows of a tile are cut so that they do not meet in the cache.
    /// </summary>
    public const int Chunk = 512;

    /// <summary>The most gradients by logits that are kept at once: 32 MB.</summary>
    public const int MostLogits = 1 << 24;

    /// <summary>Gets V, padded to whole panels.</summary>
    public int PaddedVocabulary => Padding.Up(Vocabulary, Panel);

    /// <summary>Gets D, padded.</summary>
    public int PaddedModelSize => Padding.Up(ModelSize, 32);

    /// <summary>Gets how far apart rows of D float32 numbers, or of D pairs, stand.</summary>
    public int Stride => Padding.Stride(ModelSize);

    /// <summary>Gets the number of panels.</summary>
    public int Panels => PaddedVocabulary / Panel;

    /// <summary>Copies a bias [V]; columns of padding get none that a softmax would see.</summary>
    public float[] Pad(float* bias)
    {
        var padded = new float[PaddedVocabulary];
        new ReadOnlySpan<float>(bias, Vocabulary).CopyTo(padded);
        padded.AsSpan(Vocabulary).Fill(float.NegativeInfinity);
        return padded;
    }
}
