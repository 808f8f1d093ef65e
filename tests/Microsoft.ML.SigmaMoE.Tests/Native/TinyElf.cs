using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// Makes the smallest ELF library that has a table of needed versions: a section without content, names, the needs, the
/// symbols and their versions, then the section headers.
/// </summary>
internal sealed class TinyElf
{
    private const int HeaderSize = 64;
    private readonly List<byte> _body = [];
    private readonly List<byte[]> _sections = [new byte[64]];

    /// <summary>
    /// Makes the library: libraries with the versions needed of each, and symbols with the number of their version.
    /// </summary>
    public static byte[] Create((string File, string[] Versions)[] needs, (string Symbol, ushort Version)[] symbols)
    {
        var elf = new TinyElf();
        var names = new StringTable();
        var needBytes = Needs(needs, names);
        byte[] symbolBytes = [.. symbols.SelectMany(symbol => Symbol(names.Add(symbol.Symbol)))];
        byte[] versionBytes = [.. symbols.SelectMany(symbol => BitConverter.GetBytes(symbol.Version))];
        elf.Add(3, names.ToArray(), link: 0);                  // SHT_STRTAB is section 1
        elf.Add(0x6ffffffe, needBytes, link: 1);
        elf.Add(11, symbolBytes, link: 1);
        elf.Add(0x6fffffff, versionBytes, link: 3);
        return elf.ToArray();
    }

    // The first version is numbered 2, as 0 and 1 stand for local and global symbols.
    private static byte[] Needs((string File, string[] Versions)[] needs, StringTable names)
    {
        var table = new List<byte>();
        ushort number = 2;
        foreach (var (index, (file, versions)) in needs.Index())
        {
            var size = 16 * (1 + versions.Length);
            table.AddRange(
                Entry(1, (ushort)versions.Length, names.Add(file), 16, index == needs.Length - 1 ? 0 : size));
            foreach (var (place, version) in versions.Index())
            {
                var entry = new byte[16];
                BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(6), number++);
                BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(8), names.Add(version));
                BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(12), place == versions.Length - 1 ? 0 : 16);
                table.AddRange(entry);
            }
        }

        return [.. table];
    }

    private static byte[] Entry(ushort version, ushort count, int file, int toVersions, int toNext)
    {
        var entry = new byte[16];
        BinaryPrimitives.WriteUInt16LittleEndian(entry, version);
        BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(2), count);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(4), file);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(8), toVersions);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(12), toNext);
        return entry;
    }

    private static byte[] Symbol(int name)
    {
        var symbol = new byte[24];
        BinaryPrimitives.WriteInt32LittleEndian(symbol, name);
        return symbol;
    }

    private void Add(uint type, byte[] content, int link)
    {
        var header = new byte[64];
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), type);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(24), HeaderSize + _body.Count);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(32), content.Length);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(40), link);
        _sections.Add(header);
        _body.AddRange(content);
    }

    private byte[] ToArray()
    {
        var header = new byte[HeaderSize];
        "\u007fELF\u0002\u0001"u8.CopyTo(header);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(0x28), HeaderSize + _body.Count);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(0x3A), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(0x3C), (ushort)_sections.Count);
        return [.. header, .. _body, .. _sections.SelectMany(section => section)];
    }

    private sealed class StringTable
    {
        private readonly List<byte> _bytes = [0];

        public int Add(string text)
        {
            var position = _bytes.Count;
            _bytes.AddRange(Encoding.ASCII.GetBytes(text));
            _bytes.Add(0);
            return position;
        }

        public byte[] ToArray() => [.. _bytes];
    }
}
