using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Takes numbers and texts off the front of a pickle.</summary>
internal struct PickleBytes(ReadOnlyMemory<byte> bytes)
{
    private const int LongestName = 1000;
    private static readonly UTF8Encoding Strict = new(
        encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private ReadOnlyMemory<byte> _left = bytes;

    /// <summary>Gets whether nothing is left.</summary>
    public readonly bool IsEmpty => _left.IsEmpty;

    public byte Byte() => Take(1)[0];

    public int UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort)));

    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int)));

    public double BigEndianDouble() => BinaryPrimitives.ReadDoubleBigEndian(Take(sizeof(double)));

    /// <summary>Takes a number of up to eight bytes, of which the first says how many.</summary>
    public long Long()
    {
        var length = Byte();
        if (length > sizeof(long))
        {
            throw new InvalidDataException(
                $"The PyTorch archive holds a number of {length} bytes; at most {sizeof(long)} are read.");
        }

        var digits = Take(length);
        Span<byte> whole = stackalloc byte[sizeof(long)];
        whole.Fill(length > 0 && (digits[^1] & 0x80) != 0 ? (byte)0xFF : (byte)0);
        digits.CopyTo(whole);
        return BinaryPrimitives.ReadInt64LittleEndian(whole);
    }

    /// <summary>Takes a text of which four bytes say the length.</summary>
    public string Text()
    {
        var length = Int32();
        return length >= 0
            ? Decode(Take(length))
            : throw new InvalidDataException("The PyTorch archive holds a text of negative length.");
    }

    /// <summary>Takes a name that a line break ends.</summary>
    public string Line()
    {
        var length = _left.Span[..Math.Min(_left.Length, LongestName)].IndexOf((byte)'\n');
        if (length < 0)
        {
            throw new InvalidDataException("The PyTorch archive is damaged: a name does not end.");
        }

        var line = Decode(Take(length));
        Take(1);
        return line;
    }

    private static string Decode(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException fault)
        {
            throw new InvalidDataException("The PyTorch archive holds a text that is not UTF-8.", fault);
        }
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _left.Length)
        {
            throw new InvalidDataException("The PyTorch archive is damaged: its pickle is cut short.");
        }

        var taken = _left.Span[..count];
        _left = _left[count..];
        return taken;
    }
}
