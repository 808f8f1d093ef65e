using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Edits the table of symbol versions that a 64-bit little-endian ELF library needs. A need that is marked weak may be
/// missing: the loader goes on without it.
/// </summary>
internal static class ElfVersionNeeds
{
    private const uint VersionNeedSection = 0x6ffffffe; // SHT_GNU_verneed
    private const ushort Weak = 0x2;                    // VER_FLG_WEAK

    /// <summary>Marks every need of <paramref name="version"/> in <paramref name="library"/> as weak.</summary>
    /// <returns>Whether a need of that version was found.</returns>
    /// <exception cref="InvalidDataException">The bytes are not a 64-bit little-endian ELF file, or are cut short.</exception>
    public static bool MakeWeak(Span<byte> library, string version)
    {
        if (library.Length < 64 || !library.StartsWith("\u007fELF\u0002\u0001"u8))
        {
            throw new InvalidDataException("Not a 64-bit little-endian ELF library.");
        }

        try
        {
            return MakeWeakInSections(library, Encoding.ASCII.GetBytes(version));
        }
        catch (ArgumentOutOfRangeException cutShort)
        {
            throw new InvalidDataException("The ELF library is cut short: a table lies outside the file.", cutShort);
        }
    }

    private static bool MakeWeakInSections(Span<byte> library, byte[] version)
    {
        var sections = Offset(library, 0x28);
        var sectionSize = UInt16(library, 0x3A);
        var sectionCount = UInt16(library, 0x3C);
        var found = false;
        for (var index = 0; index < sectionCount; index++)
        {
            var section = sections + index * sectionSize;
            if (UInt32(library, section + 4) == VersionNeedSection)
            {
                var names = Offset(library, sections + (int)UInt32(library, section + 40) * sectionSize + 24);
                found |= MakeWeakInTable(library, Offset(library, section + 24), names, version);
            }
        }

        return found;
    }

    // A table is a linked list of libraries (Verneed), each with a linked list of versions (Vernaux).
    private static bool MakeWeakInTable(Span<byte> library, int need, int names, byte[] version)
    {
        var found = false;
        for (var next = 1; next != 0; need += next)
        {
            var entry = need + (int)UInt32(library, need + 8);
            for (var left = UInt16(library, need + 2); left > 0; left--)
            {
                if (IsNamed(library, names + (int)UInt32(library, entry + 8), version))
                {
                    var flags = library[(entry + 4)..];
                    BinaryPrimitives.WriteUInt16LittleEndian(flags, (ushort)(UInt16(library, entry + 4) | Weak));
                    found = true;
                }

                entry += (int)UInt32(library, entry + 12);
            }

            next = (int)UInt32(library, need + 12);
        }

        return found;
    }

    private static bool IsNamed(ReadOnlySpan<byte> library, int position, ReadOnlySpan<byte> name) =>
        library[position..].StartsWith(name) && library[position + name.Length] == 0;

    private static int Offset(ReadOnlySpan<byte> library, int position)
    {
        var offset = BinaryPrimitives.ReadUInt64LittleEndian(library[position..]);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, (ulong)library.Length);
        return (int)offset;
    }

    private static uint UInt32(ReadOnlySpan<byte> library, int position) =>
        BinaryPrimitives.ReadUInt32LittleEndian(library[position..]);

    private static ushort UInt16(ReadOnlySpan<byte> library, int position) =>
        BinaryPrimitives.ReadUInt16LittleEndian(library[position..]);
}
