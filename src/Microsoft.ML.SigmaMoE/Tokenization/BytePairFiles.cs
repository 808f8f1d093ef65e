using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Microsoft.ML.SigmaMoE;

/// <summary>The two files in which byte-pair vocabularies are exchanged: vocab.json and merges.txt.</summary>
internal static class BytePairFiles
{
    private const string VocabularyName = "vocab.json";
    private const string MergesName = "merges.txt";
    private const string MergesHead = "#version: 0.2";

    public static void Write(INamedStreams files, BytePairVocabulary vocabulary)
    {
        files.Write(VocabularyName, stream => WriteTokens(stream, vocabulary.Tokens));
        files.Write(MergesName, stream =>
        {
            using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
            writer.WriteLine(MergesHead);
            foreach (var merge in vocabulary.Merges)
            {
                writer.WriteLine(merge);
            }
        });
    }

    public static BytePairVocabulary Read(INamedStreams files, int mergeCount)
    {
        var tokens = TokenizerFile.Read(files, VocabularyName, ReadTokens);
        return new(tokens, TokenizerFile.Read(files, MergesName, content => ReadMerges(content, tokens, mergeCount)));
    }

    private static void WriteTokens(Stream stream, IReadOnlyDictionary<string, int> tokens)
    {
        using var writer = new Utf8JsonWriter(stream, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        writer.WriteStartObject();
        foreach (var (name, id) in tokens.OrderBy(token => token.Value))
        {
            writer.WriteNumber(name, id);
        }

        writer.WriteEndObject();
    }

    private static Dictionary<string, int> ReadTokens(byte[] content)
    {
        var tokens = JsonSerializer.Deserialize(content, TokenizerJson.Default.DictionaryStringInt32) ?? [];
        foreach (var (name, id) in tokens)
        {
            ByteAlphabet.Read(name);
            if (id is < 0 or >= TextTokenizer.MaximumVocabularySize)
            {
                throw new FormatException(
                    $"'{name}' has the id {id}; ids are 0 to {TextTokenizer.MaximumVocabularySize - 1}.");
            }
        }

        if (tokens.Values.GroupBy(id => id).FirstOrDefault(group => group.Count() > 1) is { Key: var twice })
        {
            throw new FormatException($"two tokens have the id {twice}.");
        }

        var missing = Enumerable.Range(0, 256).FirstOrDefault(
            value => !tokens.ContainsKey(ByteAlphabet.Write([(byte)value])), -1);
        return missing < 0 ? tokens : throw new FormatException($"no token stands for the byte 0x{missing:X2}.");
    }

    private static string[] ReadMerges(byte[] content, Dictionary<string, int> tokens, int mergeCount)
    {
        var lines = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(content)
            .Split('\n')
            .Select(line => line.TrimEnd('\r'))
            .Where(line => line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal))
            .ToArray();
        if (lines.FirstOrDefault(line => !IsMerge(line, tokens)) is { } wrong)
        {
            throw new FormatException($"'{wrong}' is not two tokens of {VocabularyName} that together are a third.");
        }

        if (lines.Distinct(StringComparer.Ordinal).Count() != mergeCount || lines.Length != mergeCount)
        {
            throw new FormatException($"it has {lines.Length} merges; there should be {mergeCount} different ones.");
        }

        return lines;
    }

    private static bool IsMerge(string line, Dictionary<string, int> tokens) =>
        line.Split(' ') is [var left, var right]
        && tokens.ContainsKey(left)
        && tokens.ContainsKey(right)
        && tokens.ContainsKey(left + right);
}
