using System.Buffers.Binary;

namespace Microsoft.ML.SigmaMoE;

/// <summary>A section of an ELF file.</summary>
/// <param name="Type">What it is (SHT_…).</param>
/// <param name="Offset">Where it stands in the file.</param>
/// <param name="Size">Its length in bytes.</param>
/// <param name="Link">The section it refers to.</param>
internal readonly record struct ElfSection(uint Type, long Offset, long Size, uint Link);

/// <summary>
/// A 64-bit little-endian ELF library in memory. Believes no position that it reads: each is checked.
/// </summary>
internal sealed class ElfFile
{
    private const int HeaderSize = 64;
    private const int SectionHeaderSize = 64;
    private readonly byte[] _content;

    /// <summary>Looks at a file, which stays the caller's and is changed in place.</summary>
    /// <exception cref="InvalidDataException">It is another kind of file.</exception>
    public ElfFile(byte[] content)
    {
        _content = content;
        if (content.Length < HeaderSize || !content.AsSpan().StartsWith("\u007fELF\u0002\u0001"u8))
        {
            throw new InvalidDataException("Not a 64-bit little-endian ELF library.");
        }
    }

    /// <summary>Gets the length in bytes.</summary>
    public int Length => _content.Length;

    /// <summary>Lists the sections of one type.</summary>
    public IEnumerable<ElfSection> Sections(uint type) =>
        Enumerable.Range(0, UInt16(0x3C)).Select(index => Section(index)).Where(section => section.Type == type);

    /// <summary>Gets the section with a number.</summary>
    public ElfSection Section(long index)
    {
        var header = Int64(0x28) + (index * SectionHeaderSize);
        return new(UInt32(header + 4), Int64(header + 24), Int64(header + 32), UInt32(header + 40));
    }

    /// <summary>Reads 8 bytes.</summary>
    public long Int64(long position) => BinaryPrimitives.ReadInt64LittleEndian(At(position, sizeof(long)));

    /// <summary>Reads 4 bytes.</summary>
    public uint UInt32(long position) => BinaryPrimitives.ReadUInt32LittleEndian(At(position, sizeof(uint)));

    /// <summary>Reads 2 bytes.</summary>
    public ushort UInt16(long position) => BinaryPrimitives.ReadUInt16LittleEndian(At(position, sizeof(ushort)));

    /// <summary>Writes 2 bytes.</summary>
    public void SetUInt16(long position, ushort value) =>
        BinaryPrimitives.WriteUInt16LittleEndian(At(position, sizeof(ushort)), value);

    /// <summary>Gets whether a text, ended by 0, stands at a position.</summary>
    public bool HasText(long position, ReadOnlySpan<byte> text) =>
        At(position, 1)[0] == (text.IsEmpty ? 0 : text[0])
        && position + text.Length < _content.Length
        && At(position, text.Length + 1)[..text.Length].SequenceEqual(text)
        && At(position + text.Length, 1)[0] == 0;

    private Span<byte> At(long position, int length) => position >= 0 && position <= _content.Length - length
        ? _content.AsSpan((int)position, length)
        : throw new InvalidDataException("The ELF library is cut short or damaged: a table lies outside the file.");
}
