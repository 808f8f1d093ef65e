using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Makes tokenizers from options, and from tokenizers of Microsoft.ML.Tokenizers.</summary>
internal static class TokenizerFactory
{
    public static TextTokenizer Create(
        TokenizerOptions options,
        IEnumerable<ReadOnlyMemory<char>> text,
        IProgress<TokenizerTrainingProgress>? progress,
        CancellationToken cancellationToken)
    {
        options.Validate();
        return options switch
        {
            ByteTokenizerOptions => Complete(new ByteCodec(), []),
            BytePairTokenizerOptions pairs =>
                Complete(
                    Train(pairs, new BytePairTrainer(pairs, progress, cancellationToken).Train(text)),
                    pairs.SpecialTokens),
            SentencePieceTokenizerOptions piece =>
                Complete(
                    TokenizerFile.Read(
                        piece.Path, content => new SentencePieceCodec(SentencePieceReader.Read(content))),
                    []),
            TiktokenTokenizerOptions tiktoken => Complete(Open(tiktoken), []),
            SavedTokenizerOptions saved => TextTokenizer.Load(saved.Path),
            ExternalTokenizerOptions => throw new NotSupportedException(
                "These options belong to an imported model and say nothing of a tokenizer to make; choose another kind."),
            _ => throw new NotSupportedException($"{options.GetType().Name} is not a kind of tokenizer."),
        };
    }

    public static TextTokenizer From(Tokenizer tokenizer) => tokenizer switch
    {
        ByteTokenizer => Complete(new ByteCodec(), []),
        TiktokenTokenizer tiktoken => Complete(Open(tiktoken), []),
        SentencePieceTokenizer => throw new NotSupportedException(
            "A SentencePieceTokenizer does not give back its model, which must be saved with the language model; "
            + $"use {nameof(SentencePieceTokenizerOptions)} with the path of the .model file."),
        _ => throw new NotSupportedException(
            $"A {tokenizer.GetType().Name} cannot be saved with a language model; "
            + $"use {nameof(ByteTokenizer)}, {nameof(TiktokenTokenizer)} or one of the {nameof(TokenizerOptions)}."),
    };

    private static BytePairCodec Train(BytePairTokenizerOptions options, IReadOnlyList<TokenPair> merges) =>
        new(BytePairVocabulary.FromMerges(merges), options.SplitDigits);

    private static TiktokenCodec Open(TiktokenTokenizerOptions options)
    {
        var encoding = TiktokenEncoding.Find(options.Encoding);
        var pieces = options.Path is { } path
            ? TokenizerFile.Read(path, TiktokenFile.Read)
            : TiktokenVocabulary.Pieces(encoding);
        return new(pieces, encoding);
    }

    private static TiktokenCodec Open(TiktokenTokenizer tokenizer)
    {
        var pieces = TiktokenVocabulary.Pieces(tokenizer);
        var count = pieces.Count(piece => piece.Length > 0);
        var encoding = TiktokenEncoding.FindBySize(count) ?? throw new NotSupportedException(
            $"The TiktokenTokenizer has {count} tokens, which is none of the published encodings; "
            + $"use {nameof(TiktokenTokenizerOptions)} with the path of its file and the encoding that cuts its words.");
        return new(pieces, encoding);
    }

    // special tokens follow the tokens of text; the separator is last, where the kind of tokenizer has none of its own
    private static TextTokenizer Complete(TokenCodec codec, IReadOnlyList<string> specialTokens)
    {
        var ids = new Dictionary<string, int>(codec.SpecialTokens, StringComparer.Ordinal);
        var next = codec.Pieces.Count;
        foreach (var name in specialTokens)
        {
            ids.Add(name, next++);
        }

        return new(codec, codec.SeparatorId ?? next, ids);
    }
}
