using System.Buffers.Binary;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The first 96 bytes of a token file, little-endian: magic (8), version (4), bytes a token (4), vocabulary size (4),
/// separator or −1 (4), tokens (8), documents (8), bytes of UTF-8 (8), SHA-256 of the tokens (32), zeros.
/// </summary>
internal readonly record struct TokenFileHeader(
    int VocabularySize, int Separator, long TokenCount, long DocumentCount, long Utf8ByteCount, string Hash)
{
    public const int Size = 96;
    public const int NoSeparator = -1;
    private const int Version = 1;

    private static ReadOnlySpan<byte> Magic => "SMOETOKS"u8;

    /// <summary>Gets the width of one token: two bytes wherever the vocabulary allows.</summary>
    public int BytesPerToken => VocabularySize <= ushort.MaxValue + 1 ? sizeof(ushort) : sizeof(uint);

    /// <summary>Gets the length that a whole file with this header has.</summary>
    public long FileLength => Size + (TokenCount * BytesPerToken);

    public void Write(Span<byte> destination)
    {
        destination[..Size].Clear();
        Magic.CopyTo(destination);
        BinaryPrimitives.WriteInt32LittleEndian(destination[8..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(destination[12..], BytesPerToken);
        BinaryPrimitives.WriteInt32LittleEndian(destination[16..], VocabularySize);
        BinaryPrimitives.WriteInt32LittleEndian(destination[20..], Separator);
        BinaryPrimitives.WriteInt64LittleEndian(destination[24..], TokenCount);
        BinaryPrimitives.WriteInt64LittleEndian(destination[32..], DocumentCount);
        BinaryPrimitives.WriteInt64LittleEndian(destination[40..], Utf8ByteCount);
        Convert.FromHexString(Hash).CopyTo(destination[48..]);
    }

    /// <exception cref="InvalidDataException">This is not the head of a whole token file.</exception>
    public static TokenFileHeader Read(ReadOnlySpan<byte> source, long fileLength, string path)
    {
        if (source.Length < Size || !source.StartsWith(Magic))
        {
            throw new InvalidDataException($"{path} is not a token file: it does not begin with the mark of one.");
        }

        var version = BinaryPrimitives.ReadInt32LittleEndian(source[8..]);
        if (version != Version)
        {
            throw new InvalidDataException(
                $"{path} is a token file of version {version}; this library reads version {Version}.");
        }

        return ReadFields(source).Checked(BinaryPrimitives.ReadInt32LittleEndian(source[12..]), fileLength, path);
    }

    private static TokenFileHeader ReadFields(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadInt32LittleEndian(source[16..]),
        BinaryPrimitives.ReadInt32LittleEndian(source[20..]),
        BinaryPrimitives.ReadInt64LittleEndian(source[24..]),
        BinaryPrimitives.ReadInt64LittleEndian(source[32..]),
        BinaryPrimitives.ReadInt64LittleEndian(source[40..]),
        Convert.ToHexStringLower(source.Slice(48, 32)));

    private TokenFileHeader Checked(int bytesPerToken, long fileLength, string path)
    {
        var sane = VocabularySize > 0 && bytesPerToken == BytesPerToken && Separator >= NoSeparator
            && Separator < VocabularySize && TokenCount is >= 0 and < long.MaxValue / 8 && DocumentCount >= 0
                && Utf8ByteCount >= 0;
        if (!sane)
        {
            throw new InvalidDataException($"{path} is a damaged token file: its header contradicts itself ({this}).");
        }

        return fileLength == FileLength
            ? this
            : throw new InvalidDataException(
                $"{path} has {fileLength} bytes, but {TokenCount} tokens make {FileLength}; it was cut short or grew.");
    }
}
