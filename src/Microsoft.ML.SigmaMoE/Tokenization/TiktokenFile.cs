using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Reads and writes vocabularies as tiktoken does: a line a token, its bytes in base 64 and its id.</summary>
internal static class TiktokenFile
{
    public const string Name = "vocabulary.tiktoken";

    /// <summary>Reads the bytes of every id; ids that no token has are empty.</summary>
    /// <exception cref="FormatException">A line is no token, an id stands twice, or a byte has no token.</exception>
    public static byte[][] Read(byte[] content)
    {
        var tokens = new SortedDictionary<int, byte[]>();
        foreach (var line in Encoding.UTF8.GetString(content).EnumerateLines())
        {
            if (!line.IsWhiteSpace())
            {
                Add(tokens, line);
            }
        }

        var bytes = tokens.Values.Where(token => token.Length == 1).Select(token => token[0]).Distinct().Count();
        if (bytes < 256)
        {
            throw new FormatException($"it has tokens for {bytes} of the 256 bytes; is it cut off?");
        }

        var pieces = new byte[tokens.Keys.Last() + 1][];
        Array.Fill(pieces, []);
        foreach (var (id, token) in tokens)
        {
            pieces[id] = token;
        }

        return pieces;
    }

    public static void Write(Stream stream, IReadOnlyList<byte[]> pieces)
    {
        using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
        foreach (var (id, token) in pieces.Index())
        {
            if (token.Length > 0)
            {
                writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Convert.ToBase64String(token)} {id}"));
            }
        }
    }

    private static void Add(SortedDictionary<int, byte[]> tokens, ReadOnlySpan<char> line)
    {
        var space = line.IndexOf(' ');
        if (space <= 0 || !Base64.IsValid(line[..space])
            || !int.TryParse(line[(space + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            throw new FormatException($"'{Shorten(line)}' is not a token in base 64, a space and an id.");
        }

        if (id >= TextTokenizer.MaximumVocabularySize || !tokens.TryAdd(id, Convert.FromBase64String(line[..space].ToString())))
        {
            throw new FormatException(
                $"the id {id} stands there twice, or is above {TextTokenizer.MaximumVocabularySize - 1}.");
        }
    }

    private static string Shorten(ReadOnlySpan<char> line) => line.Length <= 40 ? line.ToString() : $"{line[..40]}…";
}
