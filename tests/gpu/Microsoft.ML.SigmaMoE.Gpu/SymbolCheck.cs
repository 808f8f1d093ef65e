using System.Runtime.InteropServices;
using System.Text;

namespace Microsoft.ML.SigmaMoE.Gpu;

/// <summary>
/// Whether a libtorch has what TorchSharp's native library asks for. A function that is missing fails when it is
/// called, data (tables of virtual functions above all) when the library is loaded.
/// </summary>
internal static class SymbolCheck
{
    private const uint DynamicSymbols = 11;                                  // SHT_DYNSYM
    private const int EntrySize = 24, Function = 2, Weak = 2;

    /// <summary>Lists what is missing.</summary>
    /// <returns>How many symbols are missing that must be there when the library is loaded.</returns>
    public static int Run(string folder, TextWriter output)
    {
        var libraries = LibtorchFolder.LoadLibtorch(folder);
        var needed = Undefined(File.ReadAllBytes(LibtorchFolder.BridgeFile)).ToList();
        var missing = needed.Where(
            symbol => !libraries.Any(library => NativeLibrary.TryGetExport(library, symbol.Name, out _))).ToList();
        var vital = missing.Where(symbol => !symbol.IsFunction).ToList();
        output.WriteLine($"{needed.Count} symbols are needed, {missing.Count} are missing, {vital.Count} of them data");
        missing.ForEach(symbol => output.WriteLine($"  {(symbol.IsFunction ? "function" : "DATA")} {symbol.Name}"));
        return vital.Count;
    }

    /// <summary>Reads which symbols a library takes from others, those that it can do without left out.</summary>
    public static IEnumerable<(string Name, bool IsFunction)> Undefined(byte[] library)
    {
        var file = new ElfFile(library);
        foreach (var table in file.Sections(DynamicSymbols))
        {
            var names = file.Section(table.Link).Offset;
            for (var entry = table.Offset + EntrySize; entry < table.Offset + table.Size; entry += EntrySize)
            {
                var info = file.UInt16(entry + 4) & 0xff;
                if (file.UInt16(entry + 6) == 0 && info >> 4 != Weak)
                {
                    yield return (
                        Text(library, names + file.UInt32(entry)),
                        (info & 0xf) == Function || IsFunctionByName(library, names + file.UInt32(entry)));
                }
            }
        }
    }

    // Undefined symbols often carry no type: tables of virtual functions, type information and guards are data.
    private static bool IsFunctionByName(byte[] library, long position) =>
        !new[] { "_ZTV", "_ZTI", "_ZTS", "_ZTT", "_ZGV" }.Contains(
            Text(library, position)[..Math.Min(4, Text(library, position).Length)]);

    private static string Text(byte[] library, long position) =>
        Encoding.UTF8.GetString(library, (int)position, Array.IndexOf(library, (byte)0, (int)position) - (int)position);
}
