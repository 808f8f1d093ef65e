using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.SigmaMoE;

/// <summary>A SentencePiece model; Microsoft.ML.Tokenizers normalises and encodes.</summary>
internal sealed class SentencePieceCodec : TokenCodec
{
    public const string FileName = "sentencepiece.model";

    // the encoder's time grows with the square of the unknown characters in one call
    private const int LongestStretch = 1 << 12;

    private readonly SentencePieceModel _model;
    private readonly SentencePieceTokenizer _encoder;
    private readonly Lazy<SentencePieceTokenizer> _continuation;

    public SentencePieceCodec(SentencePieceModel model)
    {
        _model = model;
        Pieces = model.Bytes();
        _encoder = SentencePieceEncoder.Open(model, continues: false);
        _continuation = new(() => SentencePieceEncoder.Open(model, continues: true));
    }

    public override IReadOnlyList<byte[]> Pieces { get; }

    public override int? SeparatorId => _model.SeparatorId;

    public override bool AddsLeadingSpace => _model.Settings.AddsLeadingSpace;

    public override void Encode(ReadOnlySpan<char> text, List<int> ids)
    {
        var encoder = _encoder;
        while (text.Length > LongestStretch)
        {
            var cut = FirstCut(text);
            ids.AddRange(encoder.EncodeToIds(text[..cut]));
            text = text[cut..];

            // the space that the model sets before a text stands for the one at the cut
            var atSpace = AddsLeadingSpace && text[0] == ' ';
            text = atSpace ? text[1..] : text;
            encoder = atSpace ? _encoder : _continuation.Value;
        }

        ids.AddRange(encoder.EncodeToIds(text));
    }

    public override TokenizerHeader CreateHeader() => new SentencePieceTokenizerHeader();

    public override void Save(INamedStreams files) => files.Write(FileName, stream => stream.Write(_model.Content));

    private static int FirstCut(ReadOnlySpan<char> text)
    {
        var space = text[..LongestStretch].LastIndexOf(' ');
        return space > 0 ? space
            : char.IsHighSurrogate(text[LongestStretch - 1]) ? LongestStretch - 1
            : LongestStretch;
    }
}
