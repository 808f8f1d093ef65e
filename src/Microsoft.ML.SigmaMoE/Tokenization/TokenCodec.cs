namespace Microsoft.ML.SigmaMoE;

/// <summary>One kind of tokenizer: turns text into ids, and knows the bytes that each id stands for.</summary>
/// <remarks>Safe to use from several threads at once.</remarks>
internal abstract class TokenCodec
{
    /// <summary>
    /// Gets the UTF-8 bytes of every id, which may end inside a character; empty where an id stands for no text.
    /// </summary>
    public abstract IReadOnlyList<byte[]> Pieces { get; }

    /// <summary>Gets the id that this kind of tokenizer itself sets between documents, if it has one.</summary>
    public virtual int? SeparatorId => null;

    /// <summary>Gets the other tokens that stand for no text and come with this kind of tokenizer.</summary>
    public virtual IReadOnlyDictionary<string, int> SpecialTokens { get; } = new Dictionary<string, int>();

    /// <summary>Gets whether the first piece of a text may carry a space that the text did not have.</summary>
    public virtual bool AddsLeadingSpace => false;

    /// <summary>
    /// Appends the ids of <paramref name="text"/>, which has no unpaired surrogates and is not empty.
    /// </summary>
    public abstract void Encode(ReadOnlySpan<char> text, List<int> ids);

    /// <summary>Gets what the header file says of this tokenizer.</summary>
    public abstract TokenizerHeader CreateHeader();

    /// <summary>Writes the files that the header does not hold.</summary>
    public abstract void Save(INamedStreams files);
}
