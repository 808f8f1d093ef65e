using System.Collections.ObjectModel;
using System.Text;
using System.Text.Json;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Turns text into the tokens of a language model and back. It is saved inside the model.</summary>
/// <remarks>
/// Safe to use from several threads at once. Text is UTF-16 and may hold anything; an unpaired surrogate, which no
/// Unicode text has, is read as U+FFFD. Names of special tokens in a text are ordinary text: no user can write one.
/// </remarks>
public sealed class TextTokenizer
{
    internal const int MaximumVocabularySize = 1 << 20;
    internal const string SeparatorName = "<|endoftext|>";

    private readonly TokenCodec _codec;
    private readonly byte[][] _pieces;

    internal TextTokenizer(TokenCodec codec, int separatorId, IReadOnlyDictionary<string, int> specialTokens)
    {
        _codec = codec;
        SeparatorId = separatorId;
        SpecialTokens = new ReadOnlyDictionary<string, int>(
            new Dictionary<string, int>(specialTokens, StringComparer.Ordinal));
        _pieces = CreatePieces(codec, separatorId, SpecialTokens);
    }

    /// <summary>
    /// Gets the number of ids, 0 to the largest, the separator's included: the size of the model's embedding.
    /// </summary>
    public int VocabularySize => _pieces.Length;

    /// <summary>Gets the id of the token between documents, which no text contains.</summary>
    public int SeparatorId { get; }

    /// <summary>Gets the ids of the special tokens by name, without the separator.</summary>
    public IReadOnlyDictionary<string, int> SpecialTokens { get; }

    internal bool AddsLeadingSpace => _codec.AddsLeadingSpace;

    /// <summary>Returns the ids of the tokens of <paramref name="text"/>.</summary>
    public int[] Encode(ReadOnlySpan<char> text)
    {
        var ids = new List<int>();
        Encode(text, ids);
        return [.. ids];
    }

    /// <summary>
    /// Appends the ids of the tokens of <paramref name="text"/> to <paramref name="ids"/>, which can be used again and
    /// again.
    /// </summary>
    public void Encode(ReadOnlySpan<char> text, List<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (!text.IsEmpty)
        {
            _codec.Encode(WellFormedText.Repair(text), ids);
        }
    }

    /// <summary>Returns the number of tokens of <paramref name="text"/>.</summary>
    public int CountTokens(ReadOnlySpan<char> text)
    {
        var ids = new List<int>();
        Encode(text, ids);
        return ids.Count;
    }

    /// <summary>
    /// Returns the text of <paramref name="ids"/>. The separator stands for no text; broken UTF-8 becomes U+FFFD.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    public string Decode(IEnumerable<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var decoder = CreateDecoder();
        var text = new StringBuilder();
        foreach (var id in ids)
        {
            text.Append(decoder.Append(id));
        }

        return text.Append(decoder.Flush()).ToString();
    }

    /// <summary>Creates a decoder for tokens that come one by one.</summary>
    public TokenDecoder CreateDecoder() => new(this);

    /// <summary>
    /// Writes the tokenizer's files into <paramref name="folder"/>, which is created where it is missing.
    /// </summary>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Save(new FolderStreams(folder));
    }

    /// <summary>Opens the tokenizer that <see cref="Save(string)"/> wrote into <paramref name="folder"/>.</summary>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or is not of a tokenizer.</exception>
    public static TextTokenizer Load(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Load(new FolderStreams(folder));
    }

    /// <summary>
    /// Makes the tokenizer that <paramref name="options"/> describe, training it on <paramref name="text"/> where that
    /// is its kind.
    /// </summary>
    /// <param name="options">Which tokenizer to make.</param>
    /// <param name="text">The documents to train on, read once; not read where nothing is trained.</param>
    /// <param name="progress">Told from time to time how far training is.</param>
    /// <param name="cancellationToken">Stops training with an <see cref="OperationCanceledException"/>.</param>
    public static TextTokenizer Train(
        TokenizerOptions options,
        IEnumerable<string> text,
        IProgress<TokenizerTrainingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Train(options, text.Select(document => document.AsMemory()), progress, cancellationToken);
    }

    /// <inheritdoc cref="Train(TokenizerOptions, IEnumerable{string}, IProgress{TokenizerTrainingProgress}?, CancellationToken)"/>
    public static TextTokenizer Train(
        TokenizerOptions options,
        IEnumerable<ReadOnlyMemory<char>> text,
        IProgress<TokenizerTrainingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(text);
        return TokenizerFactory.Create(options, text, progress, cancellationToken);
    }

    /// <summary>Takes over a <see cref="ByteTokenizer"/> or one of tiktoken's published encodings.</summary>
    /// <exception cref="NotSupportedException">The tokenizer cannot be saved with a language model.</exception>
    public static TextTokenizer From(Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        return TokenizerFactory.From(tokenizer);
    }

    internal void Save(INamedStreams files)
    {
        _codec.Save(files);
        var header = _codec.CreateHeader() with { SeparatorId = SeparatorId, SpecialTokens = new(SpecialTokens) };
        files.Write(
            TokenizerHeader.FileName,
            stream => JsonSerializer.Serialize(stream, header, TokenizerJson.Default.TokenizerHeader));
    }

    internal static TextTokenizer Load(INamedStreams files)
    {
        var header = TokenizerFile.Read(files, TokenizerHeader.FileName, TokenizerHeader.Parse);
        var codec = header.Open(files);
        return TokenizerFile.Parse(files.Locate(TokenizerHeader.FileName), codec, header.CreateTokenizer);
    }

    internal ReadOnlySpan<byte> Piece(int id) => (uint)id < (uint)_pieces.Length
        ? _pieces[id]
        : throw new ArgumentOutOfRangeException(
            nameof(id), id, $"The id {id} is not in the vocabulary of 0 to {_pieces.Length - 1}.");

    private static byte[][] CreatePieces(
        TokenCodec codec, int separatorId, IReadOnlyDictionary<string, int> specialTokens)
    {
        var size = specialTokens.Values.Append(separatorId).Append(codec.Pieces.Count - 1).Max() + 1;
        var pieces = new byte[size][];
        Array.Fill(pieces, []);
        codec.Pieces.ToArray().CopyTo(pieces, 0);
        foreach (var (name, id) in specialTokens)
        {
            pieces[id] = Encoding.UTF8.GetBytes(name);
        }

        pieces[separatorId] = [];
        return pieces;
    }
}
