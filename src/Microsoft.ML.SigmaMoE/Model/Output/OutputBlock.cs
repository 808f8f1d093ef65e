namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The tokens that <see cref="OutputTiles"/> computes at once, and what its passes leave for one another: each tile
/// writes its own tokens' part, each panel reads all.
/// </summary>
internal sealed unsafe class OutputBlock : IDisposable
{
    private readonly Scratch<ushort> _hidden;
    private readonly Scratch<uint> _turned;
    private readonly Scratch<uint> _byLogits;
    private readonly long _tokens;

    /// <param name="shape">The sizes.</param>
    /// <param name="tokens">All tokens; a block has as many of them as memory allows.</param>
    public OutputBlock(OutputShape shape, long tokens)
    {
        var most = Math.Max(OutputShape.TileRows, OutputShape.MostLogits / shape.PaddedVocabulary / 32 * 32);
        (Shape, _tokens, Rows) = (shape, tokens, Padding.Up((int)Math.Min(tokens, most), 32));
        _hidden = new((long)Rows * shape.PaddedModelSize);
        _turned = new((long)TurnedStride / 2 * shape.PaddedModelSize, isZeroed: false);
        _byLogits = new(shape.Panels * PanelStride, isZeroed: false);
    }

    public OutputShape Shape { get; }

    /// <summary>Gets how many tokens there is room for.</summary>
    public int Rows { get; }

    /// <summary>Gets how many there are now.</summary>
    public int Count { get; private set; }

    /// <summary>Gets the bias, [padded V].</summary>
    public required float[] Bias { get; init; }

    /// <summary>Gets the loss's share of each token.</summary>
    public float Share => 1f / _tokens;

    /// <summary>Gets the hidden states, [tokens, D].</summary>
    public float* Source { get; private set; }

    /// <summary>Gets the gradient by them, [tokens, D].</summary>
    public float* ByHidden { get; private set; }

    /// <summary>Gets the tokens that come next.</summary>
    public long* Targets { get; private set; }

    /// <summary>Gets the tokens' number, padded.</summary>
    public int PaddedCount => Padding.Up(Count, 32);

    /// <summary>
    /// Gets how far rows of the turned hidden states are apart. No power of two: those meet in the cache.
    /// </summary>
    public int TurnedStride => Rows + 32;

    // The same for panels, of which a token's row writes to each.
    private long PanelStride => (Rows / 2 + 1L) * OutputShape.Panel;

    /// <summary>Starts at a token of all.</summary>
    public void Begin(long first, float* source, float* byHidden, long* targets)
    {
        Count = (int)Math.Min(Rows, _tokens - first);
        Source = source + first * Shape.ModelSize;
        ByHidden = byHidden + first * Shape.ModelSize;
        Targets = targets + first;
    }

    /// <summary>Gets the tokens of a tile, so that threads have equally many tiles.</summary>
    public int TileRows(int threads)
    {
        var tiles = (Count + threads * OutputShape.TileRows - 1) / (threads * OutputShape.TileRows);
        return Padding.Up((Count + threads * tiles - 1) / (threads * tiles), 32);
    }

    /// <summary>Gets a token's hidden state in bfloat16, padded.</summary>
    public ushort* Hidden(int token) => _hidden.Pointer + (long)token * Shape.PaddedModelSize;

    /// <summary>Gets the hidden states turned round, [D, tokens], from a token on, in pairs of tokens.</summary>
    public uint* Turned(int token) => _turned.Pointer + token / 2;

    /// <summary>Gets the gradient by a panel's logits, [pairs of tokens, panel], from a token on.</summary>
    public uint* ByLogits(int panel, int token) =>
        _byLogits.Pointer + panel * PanelStride + token / 2 * OutputShape.Panel;

    /// <inheritdoc/>
    public void Dispose()
    {
        _hidden.Dispose();
        _turned.Dispose();
        _byLogits.Dispose();
    }
}
