namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Byte-level byte-pair encoding, trained on the text. It encodes any text and gives it back exactly.
/// </summary>
/// <remarks>
/// Tokens never reach across words, which are cut as by GPT-2: letters with their combining marks, digits, other signs,
/// each with the space before them, and white space. A word longer than 1,024 characters is cut. Of equally frequent
/// pairs the one with the smallest ids is merged first, so the same text gives the same tokens. Training takes about a
/// second for 10 MB of English. Memory grows with the number of different words up to about a million; beyond that the
/// rarest are forgotten, and the order of the documents begins to matter.
/// </remarks>
public sealed record BytePairTokenizerOptions : TokenizerOptions
{
    /// <summary>
    /// Gets the size of the vocabulary: 256 bytes, merged tokens, special tokens and the document separator.
    /// </summary>
    /// <remarks>Text with fewer repeated pairs gives a smaller vocabulary.</remarks>
    public int VocabularySize { get; init; } = 8000;

    /// <summary>Gets how often two neighbouring tokens must occur to be merged.</summary>
    public int MinimumPairFrequency { get; init; } = 2;

    /// <summary>Gets after how many bytes of UTF-8 training stops reading, or null to read the whole text.</summary>
    public long? MaximumTrainingBytes { get; init; }

    /// <summary>Gets whether every digit is a token of its own, as in the paper's tokenizers.</summary>
    public bool SplitDigits { get; init; } = true;

    /// <summary>Gets names of further tokens that stand for no text, such as markers of a chat.</summary>
    /// <remarks>
    /// Their ids are in <see cref="TextTokenizer.SpecialTokens"/>; the names in a text are ordinary text.
    /// </remarks>
    public IReadOnlyList<string> SpecialTokens { get; init; } = [];

    internal int MergeCount => VocabularySize - 256 - SpecialTokens.Count - 1;

    internal override void Validate()
    {
        ArgumentNullException.ThrowIfNull(SpecialTokens);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MinimumPairFrequency);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(VocabularySize, TextTokenizer.MaximumVocabularySize);
        if (MaximumTrainingBytes is { } bytes)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes, nameof(MaximumTrainingBytes));
        }

        if (MergeCount < 0)
        {
            throw new ArgumentException(
                $"VocabularySize is {VocabularySize}; it must be at least {VocabularySize - MergeCount}: "
                + $"256 bytes, {SpecialTokens.Count} special tokens and the separator.");
        }

        ValidateSpecialTokens();
    }

    private void ValidateSpecialTokens()
    {
        var names = new HashSet<string>(StringComparer.Ordinal) { TextTokenizer.SeparatorName };
        foreach (var name in SpecialTokens)
        {
            if (string.IsNullOrEmpty(name) || !names.Add(name))
            {
                throw new ArgumentException(
                    $"SpecialTokens has '{name}' twice or empty; names must be distinct, and "
                    + $"'{TextTokenizer.SeparatorName}' is the separator's own.");
            }
        }
    }
}
