using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.SigmaMoE;

/// <summary>tiktoken's byte-pair encoding; Microsoft.ML.Tokenizers does the merging.</summary>
internal sealed class TiktokenCodec : TokenCodec
{
    private readonly byte[][] _pieces;
    private readonly TiktokenEncoding _encoding;
    private readonly WordEncoder _words;

    public TiktokenCodec(byte[][] pieces, TiktokenEncoding encoding)
    {
        _pieces = pieces;
        _encoding = encoding;
        var file = new MemoryStream();
        TiktokenFile.Write(file, pieces);
        file.Position = 0;

        // the encoder is told of no special tokens: it would find their names in text
        var encoder = TiktokenTokenizer.Create(file, preTokenizer: null, normalizer: null);
        _words = new(
            encoding.Pattern,
            word => encoder.EncodeToIds(word, considerPreTokenization: false, considerNormalization: false));
    }

    public override IReadOnlyList<byte[]> Pieces => _pieces;

    public override int? SeparatorId => IsWhole ? _encoding.SeparatorId : null;

    public override IReadOnlyDictionary<string, int> SpecialTokens =>
        IsWhole ? _encoding.SpecialTokens : base.SpecialTokens;

    // a vocabulary of another size borrows the encoding's pattern, but has no gap where its special tokens would be
    private bool IsWhole => TokenCount == _encoding.TokenCount;

    private int TokenCount => _pieces.Count(piece => piece.Length > 0);

    public override void Encode(ReadOnlySpan<char> text, List<int> ids) => _words.Encode(text, ids);

    public override TokenizerHeader CreateHeader() =>
        new TiktokenTokenizerHeader { Encoding = _encoding.Name, TokenCount = TokenCount };

    public override void Save(INamedStreams files) =>
        files.Write(TiktokenFile.Name, stream => TiktokenFile.Write(stream, _pieces));
}
