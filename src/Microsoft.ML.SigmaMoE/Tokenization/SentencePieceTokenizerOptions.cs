namespace Microsoft.ML.SigmaMoE;

/// <summary>A SentencePiece model, unigram or byte-pair. Nothing is trained.</summary>
/// <remarks>
/// What SentencePiece normalises away, such as doubled spaces in most models, is not given back. Without byte fallback
/// in the model, characters that it does not know are lost.
/// </remarks>
public sealed record SentencePieceTokenizerOptions : TokenizerOptions
{
    /// <summary>Gets the .model file to read.</summary>
    public string Path { get; init; } = string.Empty;

    internal override void Validate()
    {
        if (string.IsNullOrWhiteSpace(Path))
        {
            throw new ArgumentException("Path is empty; it must name a SentencePiece .model file.");
        }
    }
}
