using System.Text;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Edits which versions of symbols an ELF library needs of other libraries. A need that is marked weak may be missing:
/// the loader goes on without it.
/// </summary>
internal static class ElfVersionNeeds
{
    private const uint SymbolSection = 11;               // SHT_DYNSYM
    private const uint NeedSection = 0x6ffffffe;         // SHT_GNU_verneed
    private const uint SymbolVersionSection = 0x6fffffff; // SHT_GNU_versym
    private const ushort Weak = 0x2;                     // VER_FLG_WEAK
    private const int NeedSize = 16;                     // of both Verneed and Vernaux
    private const int SymbolSize = 24;

    /// <summary>Marks every need of <paramref name="version"/> as weak.</summary>
    /// <returns>Whether a need was not weak before.</returns>
    /// <exception cref="InvalidDataException">The library is damaged.</exception>
    public static bool MakeWeak(ElfFile library, string version)
    {
        var isChanged = false;
        foreach (var need in Find(library, version))
        {
            var flags = library.UInt16(need + 4);
            isChanged |= (flags & Weak) == 0;
            library.SetUInt16(need + 4, (ushort)(flags | Weak));
        }

        return isChanged;
    }

    /// <summary>Lets a symbol be found in another of the versions that the library needs anyway.</summary>
    /// <returns>Whether the symbol was bound to <paramref name="from"/> before.</returns>
    /// <exception cref="InvalidDataException">The library is damaged.</exception>
    public static bool Rebind(ElfFile library, string symbol, string from, string to)
    {
        if (IndexOf(library, from) is not { } old || IndexOf(library, to) is not { } wanted
            || library.Sections(SymbolVersionSection).FirstOrDefault() is not { Size: > 0 } versions)
        {
            return false;
        }

        var isChanged = false;
        foreach (var position in Symbols(library, symbol).Select(number => versions.Offset + (number * sizeof(ushort))))
        {
            if (library.UInt16(position) == old)
            {
                library.SetUInt16(position, wanted);
                isChanged = true;
            }
        }

        return isChanged;
    }

    private static IEnumerable<long> Symbols(ElfFile library, string name)
    {
        var text = Encoding.ASCII.GetBytes(name);
        foreach (var table in library.Sections(SymbolSection))
        {
            var names = library.Section(table.Link).Offset;
            for (var number = 0L; number < table.Size / SymbolSize; number++)
            {
                if (library.HasText(names + library.UInt32(table.Offset + (number * SymbolSize)), text))
                {
                    yield return number;
                }
            }
        }
    }

    private static ushort? IndexOf(ElfFile library, string version) =>
        Find(library, version).Select(need => (ushort?)library.UInt16(need + 6)).FirstOrDefault();

    private static IEnumerable<long> Find(ElfFile library, string version)
    {
        var text = Encoding.ASCII.GetBytes(version);
        foreach (var section in library.Sections(NeedSection))
        {
            var names = library.Section(section.Link).Offset;
            foreach (var need in Needs(library, section).Where(need => library.HasText(names + library.UInt32(need + 8), text)))
            {
                yield return need;
            }
        }
    }

    // A linked list of libraries (Verneed), each with a linked list of versions (Vernaux). Steps are unsigned, so both
    // lists only go forward; no honest table has more entries than the file has room for.
    private static IEnumerable<long> Needs(ElfFile library, ElfSection section)
    {
        var left = library.Length / NeedSize;
        var file = section.Offset;
        uint toNextFile;
        do
        {
            toNextFile = library.UInt32(file + 12);
            var need = file + library.UInt32(file + 8);
            for (var count = library.UInt16(file + 2); count > 0; count--, need += library.UInt32(need + 12))
            {
                CheckLeft(--left);
                yield return need;
            }

            CheckLeft(--left);
            file += toNextFile;
        }
        while (toNextFile != 0);
    }

    private static void CheckLeft(int left)
    {
        if (left < 0)
        {
            throw new InvalidDataException("The ELF library is damaged: its table of versions goes round in circles.");
        }
    }
}
