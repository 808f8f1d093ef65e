namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A tokenizer that <see cref="TextTokenizer.Save(string)"/> wrote, for several models of one vocabulary. Nothing is
/// trained.
/// </summary>
/// <remarks>
/// The model keeps a copy; the folder is not needed afterwards. A model's own folder is such a folder too.
/// </remarks>
public sealed record SavedTokenizerOptions : TokenizerOptions
{
    /// <summary>Gets the folder to read.</summary>
    public string Path { get; init; } = string.Empty;

    internal override void Validate()
    {
        if (string.IsNullOrWhiteSpace(Path))
        {
            throw new ArgumentException("Path is empty; it must name the folder of a saved tokenizer.");
        }
    }
}
