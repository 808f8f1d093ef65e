using System.Globalization;
using System.Text;

namespace Microsoft.ML.SigmaMoE;

/// <summary>A SentencePiece model file: its pieces, and the few settings that decoding needs.</summary>
internal sealed class SentencePieceModel
{
    private const int TrainerField = 2;
    private const int NormalizerField = 3;
    private const int PrefixField = 3;
    private const int BeginField = 41;
    private const int EndField = 42;
    private const char Space = '\u2581';
    private const string UnknownSurface = " \u2047 ";

    private readonly List<(string Text, SentencePieceType Type)> _pieces = [];
    private readonly List<(int Position, SentencePieceType Type)> _hiddenTypes = [];
    private int _unknownId;
    private int _beginId = 1;
    private int _endId = 2;
    private bool _byteFallback;
    private bool _isUnigram = true;

    private SentencePieceModel(byte[] content) => Content = content;

    /// <summary>Gets the bytes of the file.</summary>
    public byte[] Content { get; }

    /// <summary>Gets the id of the control piece that ends a text, else of the one that begins it, else null.</summary>
    public int? SeparatorId => IsControl(_endId) ? _endId : IsControl(_beginId) ? _beginId : null;

    /// <summary>Gets whether the model sets a space before every text.</summary>
    public bool AddsLeadingSpace { get; private set; } = true;

    /// <exception cref="FormatException">The bytes are not a SentencePiece model.</exception>
    public static SentencePieceModel Parse(byte[] content)
    {
        var model = new SentencePieceModel(content);
        var reader = new ProtobufReader(content);
        while (reader.Read())
        {
            switch (reader.Field)
            {
                case 1:
                    model.ReadPiece(reader);
                    break;
                case TrainerField:
                    model.ReadTrainer(reader);
                    break;
                case NormalizerField:
                    model.ReadNormalizer(reader);
                    break;
            }
        }

        model.Check();
        return model;
    }

    /// <summary>Lists the UTF-8 bytes that every piece stands for.</summary>
    public byte[][] Pieces() => [.. _pieces.Select(piece => piece.Type switch
    {
        SentencePieceType.Control => [],
        SentencePieceType.Unknown => Encoding.UTF8.GetBytes(UnknownSurface),
        SentencePieceType.Byte => [ByteOf(piece.Text)],
        _ => Encoding.UTF8.GetBytes(piece.Text.Replace(Space, ' ')),
    })];

    /// <summary>
    /// Writes the model for the encoder of Microsoft.ML.Tokenizers 2.0. Of byte-pair models it finds the names of control
    /// and byte pieces in text, of unigram models it misses the byte pieces: there they are of the type "unused", which it
    /// knows but never chooses. Nor can it do without a begin and an end: there absent ids are that of the unknown piece.
    /// </summary>
    /// <param name="continues">Whether texts are the rest of a longer one, and so get no space before them.</param>
    public byte[] ToEncoder(bool continues)
    {
        var content = (byte[])Content.Clone();
        foreach (var (position, _) in _hiddenTypes.Where(hidden => !_isUnigram || hidden.Type == SentencePieceType.Byte))
        {
            content[position] = (byte)SentencePieceType.Unused;
        }

        // a message that stands there again changes the fields that it has
        return
        [
            .. content,
            .. _beginId < 0 ? Setting(TrainerField, BeginField, _unknownId) : [],
            .. _endId < 0 ? Setting(TrainerField, EndField, _unknownId) : [],
            .. continues ? Setting(NormalizerField, PrefixField, 0) : [],
        ];
    }

    private void ReadPiece(in ProtobufReader model)
    {
        var (text, type, typeAt) = (string.Empty, SentencePieceType.Normal, 0);
        var reader = new ProtobufReader(model.Bytes);
        while (reader.Read())
        {
            switch (reader.Field)
            {
                case 1:
                    text = Encoding.UTF8.GetString(reader.Bytes);
                    break;
                case 3:
                    (type, typeAt) = ((SentencePieceType)reader.Number, model.Start + reader.Start);
                    break;
            }
        }

        if (!Enum.IsDefined(type) || text.Length == 0)
        {
            throw new FormatException($"piece {_pieces.Count} is empty or of the unknown type {type}.");
        }

        _pieces.Add((text, type));
        if (type is SentencePieceType.Control or SentencePieceType.Byte)
        {
            _hiddenTypes.Add((typeAt, type));
        }
    }

    private void ReadTrainer(in ProtobufReader model)
    {
        var reader = new ProtobufReader(model.Bytes);
        while (reader.Read())
        {
            switch (reader.Field)
            {
                case 3:
                    _isUnigram = reader.Number == 1;
                    break;
                case 24 when reader.Number != 0:
                    throw new FormatException("it sets spaces after words (treat_whitespace_as_suffix), which is not supported.");
                case 35:
                    _byteFallback = reader.Number != 0;
                    break;
                case 40:
                    _unknownId = (int)reader.Number;
                    break;
                case BeginField:
                    _beginId = (int)reader.Number;
                    break;
                case EndField:
                    _endId = (int)reader.Number;
                    break;
            }
        }
    }

    private void ReadNormalizer(in ProtobufReader model)
    {
        var reader = new ProtobufReader(model.Bytes);
        while (reader.Read())
        {
            if (reader.Field == PrefixField)
            {
                AddsLeadingSpace = reader.Number != 0;
            }
        }
    }

    private void Check()
    {
        if (_pieces.Count is 0 or > TextTokenizer.MaximumVocabularySize)
        {
            throw new FormatException($"it has {_pieces.Count} pieces; is it a SentencePiece model?");
        }

        if (_unknownId < 0 || _unknownId >= _pieces.Count || _pieces[_unknownId].Type != SentencePieceType.Unknown)
        {
            throw new FormatException($"piece {_unknownId} should be the one for unknown characters.");
        }

        var bytes = _pieces.Where(piece => piece.Type == SentencePieceType.Byte).Select(piece => (int)ByteOf(piece.Text));
        var first = _pieces.FindIndex(piece => piece.Type == SentencePieceType.Byte);
        if (_byteFallback && (!bytes.SequenceEqual(Enumerable.Range(0, 256)) || _pieces[first + 255].Type != SentencePieceType.Byte))
        {
            throw new FormatException("its 256 pieces for bytes are not complete and in order.");
        }
    }

    private bool IsControl(int id) => id >= 0 && id < _pieces.Count && _pieces[id].Type == SentencePieceType.Control;

    private static byte ByteOf(string piece) =>
        piece.Length == 6 && piece.StartsWith("<0x", StringComparison.Ordinal)
        && byte.TryParse(piece.AsSpan(3, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new FormatException($"'{piece}' is not the name of a byte such as <0x0A>.");

    private static byte[] Setting(int message, int field, int value)
    {
        byte[] setting = [.. Varint(field << 3), .. Varint(value)];
        return [.. Varint((message << 3) | 2), .. Varint(setting.Length), .. setting];
    }

    private static IEnumerable<byte> Varint(int value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            yield return (byte)(value | 0x80);
        }

        yield return (byte)value;
    }
}
