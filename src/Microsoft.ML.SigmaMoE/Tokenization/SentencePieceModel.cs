using System.Globalization;
using System.Text;

namespace Microsoft.ML.SigmaMoE;

/// <summary>A SentencePiece model file, and what of it decoding needs.</summary>
internal sealed record SentencePieceModel(
    byte[] Content, IReadOnlyList<SentencePiece> Pieces, SentencePieceSettings Settings)
{
    private const char Space = '\u2581';
    private const string UnknownSurface = " \u2047 ";

    /// <summary>Gets the id of the control piece that ends a text, else of the one that begins it, else null.</summary>
    public int? SeparatorId =>
        IsControl(Settings.EndId) ? Settings.EndId
        : IsControl(Settings.BeginId) ? Settings.BeginId
        : null;

    /// <summary>Lists the UTF-8 bytes that every piece stands for.</summary>
    public byte[][] Bytes() => [.. Pieces.Select(piece => piece.Type switch
    {
        SentencePieceType.Control => [],
        SentencePieceType.Unknown => Encoding.UTF8.GetBytes(UnknownSurface),
        SentencePieceType.Byte => [ByteOf(piece)],
        _ => Encoding.UTF8.GetBytes(piece.Text.Replace(Space, ' ')),
    })];

    /// <summary>Throws unless text can be encoded with this model and given back.</summary>
    /// <exception cref="FormatException">What is wrong.</exception>
    public void Check()
    {
        if (Pieces.Count is 0 or > TextTokenizer.MaximumVocabularySize)
        {
            throw new FormatException($"it has {Pieces.Count} pieces; is it a SentencePiece model?");
        }

        if (!IsOfType(Settings.UnknownId, SentencePieceType.Unknown))
        {
            throw new FormatException($"piece {Settings.UnknownId} should be the one for unknown characters.");
        }

        if (Settings.SpaceIsSuffix)
        {
            throw new FormatException(
                "it sets spaces after words (treat_whitespace_as_suffix), which is not supported.");
        }

        // the encoder computes the id of a byte from that of the first
        var bytes = Pieces.SkipWhile(piece => piece.Type != SentencePieceType.Byte)
            .TakeWhile(piece => piece.Type == SentencePieceType.Byte)
            .Select(piece => (int)ByteOf(piece));
        if (Settings.ByteFallback && !bytes.SequenceEqual(Enumerable.Range(0, 256)))
        {
            throw new FormatException("its 256 pieces for bytes are not complete and in order.");
        }
    }

    private bool IsControl(int id) => IsOfType(id, SentencePieceType.Control);

    private bool IsOfType(int id, SentencePieceType type) => id >= 0 && id < Pieces.Count && Pieces[id].Type == type;

    private static byte ByteOf(SentencePiece piece) =>
        piece.Text.Length == 6 && piece.Text.StartsWith("<0x", StringComparison.Ordinal)
        && byte.TryParse(piece.Text.AsSpan(3, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new FormatException($"'{piece.Text}' is not the name of a byte such as <0x0A>.");
}
