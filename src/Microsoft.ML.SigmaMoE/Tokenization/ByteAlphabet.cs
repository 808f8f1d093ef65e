using System.Text;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Writes bytes as visible characters, as byte-level vocabulary files do: printable bytes of Latin-1 stand for
/// themselves, the 68 others for U+0100 upwards in the order of their values.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] Characters = CreateCharacters();
    private static readonly Dictionary<char, byte> Bytes = Enumerable.Range(0, 256).ToDictionary(
        b => Characters[b], b => (byte)b);

    /// <summary>Writes each byte as its character.</summary>
    public static string Write(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        foreach (var value in bytes)
        {
            text.Append(Characters[value]);
        }

        return text.ToString();
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="FormatException">A character stands for no byte.</exception>
    public static byte[] Read(string text) => [.. text.Select(Read)];

    private static byte Read(char character) => Bytes.TryGetValue(character, out var value)
        ? value
        : throw new FormatException(
            $"the character U+{(int)character:X4} stands for no byte; is the vocabulary byte-level?");

    private static char[] CreateCharacters()
    {
        var next = '\u0100';
        return [.. Enumerable.Range(0, 256).Select(value => IsVisible(value) ? (char)value : next++)];
    }

    private static bool IsVisible(int value) => value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE;
}
