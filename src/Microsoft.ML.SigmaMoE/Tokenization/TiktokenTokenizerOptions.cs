namespace Microsoft.ML.SigmaMoE;

/// <summary>A vocabulary in tiktoken's format. Nothing is trained; any text is given back exactly.</summary>
public sealed record TiktokenTokenizerOptions : TokenizerOptions
{
    /// <summary>
    /// Gets the encoding whose rules cut text into words: r50k_base, p50k_base, cl100k_base or o200k_base.
    /// </summary>
    public string Encoding { get; init; } = "cl100k_base";

    /// <summary>
    /// Gets the .tiktoken file to read, or null for the encoding's own vocabulary, which an application has when it
    /// references the package of that encoding, such as Microsoft.ML.Tokenizers.Data.Cl100kBase.
    /// </summary>
    public string? Path { get; init; }

    internal override void Validate()
    {
        TiktokenEncoding.Find(Encoding);
        if (Path is not null)
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(Path);
        }
    }
}
