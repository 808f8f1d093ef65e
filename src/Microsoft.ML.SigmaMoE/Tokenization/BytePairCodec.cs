using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Byte-level byte-pair encoding; Microsoft.ML.Tokenizers does the merging.</summary>
internal sealed class BytePairCodec : TokenCodec
{
    private readonly BytePairVocabulary _vocabulary;
    private readonly bool _splitDigits;
    private readonly WordEncoder _words;

    public BytePairCodec(BytePairVocabulary vocabulary, bool splitDigits)
    {
        _vocabulary = vocabulary;
        _splitDigits = splitDigits;
        Pieces = vocabulary.Pieces();

        // the encoder is told of no special tokens: it would find their names in text
        var encoder = BpeTokenizer.Create(
            new BpeOptions(vocabulary.Tokens) { Merges = vocabulary.Merges, ByteLevel = true });
        _words = new(
            WordPattern.For(splitDigits),
            word => encoder.EncodeToIds(word, considerPreTokenization: false, considerNormalization: false));
    }

    public override IReadOnlyList<byte[]> Pieces { get; }

    public override void Encode(ReadOnlySpan<char> text, List<int> ids) => _words.Encode(text, ids);

    public override TokenizerHeader CreateHeader() =>
        new BytePairTokenizerHeader { SplitDigits = _splitDigits, MergeCount = _vocabulary.Merges.Count };

    public override void Save(INamedStreams files) => BytePairFiles.Write(files, _vocabulary);
}
