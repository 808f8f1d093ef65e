using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Writes SentencePiece models as the bytes of their protobuf messages.</summary>
internal sealed class SentencePieceModelBuilder
{
    private readonly List<byte[]> _pieces = [];

    public SentencePieceModelType Type { get; init; } = SentencePieceModelType.Unigram;

    public bool ByteFallback { get; init; }

    public bool AddDummyPrefix { get; init; } = true;

    public bool RemoveExtraWhiteSpace { get; init; }

    public bool SpaceAsSuffix { get; init; }

    public int BeginId { get; init; } = 1;

    public int EndId { get; init; } = 2;

    /// <summary>Adds the next piece; its id is the number of pieces before it.</summary>
    public SentencePieceModelBuilder Add(
        string piece, float score = 0, SentencePieceType type = SentencePieceType.Normal)
    {
        var message = new MemoryStream();
        WriteBytes(message, 1, Encoding.UTF8.GetBytes(piece));
        WriteFloat(message, 2, score);
        WriteNumber(message, 3, (int)type);
        _pieces.Add(message.ToArray());
        return this;
    }

    /// <summary>Adds the unknown piece 0 and the control pieces 1 and 2, as the trainer does.</summary>
    public SentencePieceModelBuilder AddControls() =>
        Add("<unk>", 0, SentencePieceType.Unknown).Add("<s>", 0, SentencePieceType.Control).Add(
            "</s>", 0, SentencePieceType.Control);

    /// <summary>Adds the 256 pieces that stand for bytes.</summary>
    public SentencePieceModelBuilder AddBytes()
    {
        for (var value = 0; value < 256; value++)
        {
            Add($"<0x{value:X2}>", 0, SentencePieceType.Byte);
        }

        return this;
    }

    public byte[] Build()
    {
        var trainer = new MemoryStream();
        WriteNumber(trainer, 3, (int)Type);
        WriteNumber(trainer, 24, SpaceAsSuffix ? 1 : 0);
        WriteNumber(trainer, 35, ByteFallback ? 1 : 0);
        WriteNumber(trainer, 40, 0);
        WriteNumber(trainer, 41, BeginId);
        WriteNumber(trainer, 42, EndId);
        WriteNumber(trainer, 43, -1);

        var normalizer = new MemoryStream();
        WriteBytes(normalizer, 1, "identity"u8);
        WriteNumber(normalizer, 3, AddDummyPrefix ? 1 : 0);
        WriteNumber(normalizer, 4, RemoveExtraWhiteSpace ? 1 : 0);
        WriteNumber(normalizer, 5, 1);

        var model = new MemoryStream();
        _pieces.ForEach(piece => WriteBytes(model, 1, piece));
        WriteBytes(model, 2, trainer.ToArray());
        WriteBytes(model, 3, normalizer.ToArray());
        return model.ToArray();
    }

    private static void WriteNumber(MemoryStream stream, int field, long value)
    {
        WriteVarint(stream, (ulong)field << 3);
        WriteVarint(stream, (ulong)value);
    }

    private static void WriteFloat(MemoryStream stream, int field, float value)
    {
        WriteVarint(stream, ((ulong)field << 3) | 5);
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        stream.Write(bytes);
    }

    private static void WriteBytes(MemoryStream stream, int field, ReadOnlySpan<byte> value)
    {
        WriteVarint(stream, ((ulong)field << 3) | 2);
        WriteVarint(stream, (ulong)value.Length);
        stream.Write(value);
    }

    private static void WriteVarint(MemoryStream stream, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            stream.WriteByte((byte)(value | 0x80));
        }

        stream.WriteByte((byte)value);
    }
}
