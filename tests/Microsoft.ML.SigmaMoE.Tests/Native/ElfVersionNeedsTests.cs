using System.Buffers.Binary;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class ElfVersionNeedsTests
{
    private const int FlagsOffset = 4;
    private static readonly (string, string[])[] Needs =
        [("libm.so.6", ["GLIBC_2.29"]), ("libstdc++.so.6", ["CXX_3", "CXX_3.4.32", "CXX_3.4.3"]), ("libc.so.6", ["GLIBC_2.34"])];

    [Theory]
    [InlineData("CXX_3.4.32")]
    [InlineData("CXX_3.4.3")]
    [InlineData("GLIBC_2.29")]
    [InlineData("GLIBC_2.34")]
    public void MakeWeak_OfANeed_SetsItsFlagAndNothingElse(string version)
    {
        var (original, changed) = (Library(), Library());
        Assert.True(ElfVersionNeeds.MakeWeak(new ElfFile(changed), version));
        var position = Assert.Single(Enumerable.Range(0, original.Length), index => original[index] != changed[index]);
        Assert.Equal((0, 2), (original[position], changed[position]));
        Assert.False(ElfVersionNeeds.MakeWeak(new ElfFile(changed), version));
    }

    [Theory]
    [InlineData("CXX_3.4")]
    [InlineData("CXX_3.4.320")]
    [InlineData("XX_3")]
    [InlineData("")]
    public void MakeWeak_OfAnotherVersion_ChangesNothing(string version)
    {
        var library = Library();
        Assert.False(ElfVersionNeeds.MakeWeak(new ElfFile(library), version));
        Assert.Equal(Library(), library);
    }

    [Fact]
    public void Rebind_OfASymbol_GivesItTheOtherVersionsNumber()
    {
        var (original, changed) = (Library(), Library());
        Assert.True(ElfVersionNeeds.Rebind(new ElfFile(changed), "wait", "CXX_3.4.32", "CXX_3"));
        var position = Assert.Single(Enumerable.Range(0, original.Length), index => original[index] != changed[index]);
        Assert.Equal((4, 3), (original[position], changed[position]));
        Assert.False(ElfVersionNeeds.Rebind(new ElfFile(changed), "wait", "CXX_3.4.32", "CXX_3"));
    }

    [Theory]
    [InlineData("wai", "CXX_3.4.32", "CXX_3")]
    [InlineData("wait", "CXX_3.4.3", "CXX_3")]
    [InlineData("wait", "CXX_9", "CXX_3")]
    [InlineData("wait", "CXX_3.4.32", "CXX_9")]
    public void Rebind_OfWhatIsNotThere_ChangesNothing(string symbol, string from, string to)
    {
        var library = Library();
        Assert.False(ElfVersionNeeds.Rebind(new ElfFile(library), symbol, from, to));
        Assert.Equal(Library(), library);
    }

    [Fact]
    public void Edits_OfALibraryCutAtAnyLength_ThrowInvalidDataOrFindNothing()
    {
        var library = Library();
        Assert.All(Enumerable.Range(0, library.Length), length => Survives(library[..length], $"cut at {length}"));
    }

    [Fact]
    public void Edits_OfALibraryWithAnyDamagedByte_ThrowInvalidDataOrEnd()
    {
        var library = Library();
        for (var position = 0; position < library.Length; position++)
        {
            foreach (var value in new byte[] { 0, 1, 0x7F, 0x80, 0xFF })
            {
                var damaged = (byte[])library.Clone();
                damaged[position] = value;
                Survives(damaged, $"byte {position} is {value}");
            }
        }
    }

    // Steps are read as unsigned: what would go back goes far ahead, out of the file.
    [Theory]
    [InlineData(-16)]
    [InlineData(int.MinValue)]
    [InlineData(-1)]
    public void Edits_OfATableThatGoesBack_ThrowInvalidData(int step)
    {
        var library = Library();
        var table = Find(library, "CXX_3.4.32") - 32;                    // the second library's Verneed
        BinaryPrimitives.WriteInt32LittleEndian(library.AsSpan(table + 12), step);
        Assert.Throws<InvalidDataException>(() => ElfVersionNeeds.MakeWeak(new ElfFile(library), "GLIBC_2.34"));
    }

    [Fact]
    public void Edits_OfATableThatStandsStill_ThrowInvalidDataInsteadOfTurningLong()
    {
        var library = Library();
        var table = Find(library, "CXX_3.4.32") - 32;
        BinaryPrimitives.WriteUInt16LittleEndian(library.AsSpan(table + 2), ushort.MaxValue);
        BinaryPrimitives.WriteInt32LittleEndian(library.AsSpan(table + 16 + 12), 0);
        var thrown = Assert.Throws<InvalidDataException>(
            () => ElfVersionNeeds.MakeWeak(new ElfFile(library), "GLIBC_2.34"));
        Assert.Contains("circles", thrown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("#!/bin/sh and much more text, so that it is as long as the header of a library would be")]
    [InlineData("\u007fELF\u0001\u0001 a 32-bit library, filled up to the length of the header of a library of 64 bits")]
    public void ElfFile_OfAnotherFile_Throws(string text) =>
        Assert.Throws<InvalidDataException>(() => new ElfFile(System.Text.Encoding.ASCII.GetBytes(text)));

    private static byte[] Library() => TinyElf.Create(Needs, [("", 0), ("init", 2), ("wait", 4), ("waiting", 4)]);

    // The place of the version need whose flag changes when it is made weak.
    private static int Find(byte[] library, string version)
    {
        var changed = (byte[])library.Clone();
        ElfVersionNeeds.MakeWeak(new ElfFile(changed), version);
        return Enumerable.Range(0, library.Length).Single(index => library[index] != changed[index]) - FlagsOffset;
    }

    private static void Survives(byte[] library, string which)
    {
        try
        {
            ElfVersionNeeds.MakeWeak(new ElfFile(library), "CXX_3.4.32");
            ElfVersionNeeds.Rebind(new ElfFile(library), "wait", "CXX_3.4.32", "CXX_3");
        }
        catch (InvalidDataException)
        {
            return;
        }
        catch (Exception other)
        {
            Assert.Fail($"{which}: {other}");
        }
    }
}
