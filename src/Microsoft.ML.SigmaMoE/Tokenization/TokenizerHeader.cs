using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The small file that says what a saved tokenizer is: its kind, its separator and its special tokens.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(ByteTokenizerHeader), "bytes")]
[JsonDerivedType(typeof(BytePairTokenizerHeader), "byte-pair")]
[JsonDerivedType(typeof(SentencePieceTokenizerHeader), "sentencepiece")]
[JsonDerivedType(typeof(TiktokenTokenizerHeader), "tiktoken")]
internal abstract record TokenizerHeader
{
    public const string FileName = "text_tokenizer.json";
    public const int CurrentVersion = 1;

    [JsonRequired]
    public int Version { get; init; } = CurrentVersion;

    [JsonRequired]
    public int SeparatorId { get; init; }

    [JsonRequired]
    public Dictionary<string, int> SpecialTokens { get; init; } = [];

    /// <summary>Opens the tokenizer from the other files of the set.</summary>
    public abstract TokenCodec Open(INamedStreams files);

    public static TokenizerHeader Parse(byte[] json)
    {
        var header = JsonSerializer.Deserialize(json, TokenizerJson.Default.TokenizerHeader)
            ?? throw new FormatException("it is empty.");
        if (header.Version != CurrentVersion)
        {
            throw new FormatException($"its version is {header.Version}; this library reads version {CurrentVersion}.");
        }

        return header;
    }

    /// <summary>Adds the separator and the special tokens to <paramref name="codec"/>.</summary>
    public TextTokenizer CreateTokenizer(TokenCodec codec)
    {
        CheckIds(codec);
        return new(codec, SeparatorId, SpecialTokens);
    }

    private void CheckIds(TokenCodec codec)
    {
        var taken = new HashSet<int>();
        foreach (var (name, id) in SpecialTokens.Append(new(TextTokenizer.SeparatorName, SeparatorId)))
        {
            if (id is < 0 or >= TextTokenizer.MaximumVocabularySize)
            {
                throw new FormatException(
                    $"'{name}' has the id {id}; ids are 0 to {TextTokenizer.MaximumVocabularySize - 1}.");
            }

            // vocabulary files in use list special tokens among the others, as text that no merge makes
            var piece = id < codec.Pieces.Count ? codec.Pieces[id] : [];
            if (!taken.Add(id) || (piece.Length > 0 && !piece.AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(name))))
            {
                throw new FormatException($"'{name}' has the id {id}, which is another token's.");
            }
        }
    }
}
