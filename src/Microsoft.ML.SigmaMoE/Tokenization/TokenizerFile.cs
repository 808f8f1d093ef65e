using System.Text.Json;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Reads one file of a saved tokenizer: never more than a limit, and with the file's name in every complaint.
/// </summary>
internal static class TokenizerFile
{
    /// <summary>Four times the largest file of any tokenizer in use.</summary>
    public const int MaximumLength = 16 << 20;

    /// <summary>Reads <paramref name="name"/> and hands its bytes to <paramref name="parse"/>.</summary>
    /// <exception cref="InvalidDataException">
    /// The file is too long or <paramref name="parse"/> cannot use it.
    /// </exception>
    public static T Read<T>(INamedStreams files, string name, Func<byte[], T> parse)
    {
        byte[] content = [];
        files.Read(name, stream => content = ReadAll(stream, files.Locate(name)));
        return Parse(files.Locate(name), content, parse);
    }

    /// <summary>Reads the file at <paramref name="path"/> and hands its bytes to <paramref name="parse"/>.</summary>
    public static T Read<T>(string path, Func<byte[], T> parse)
    {
        using var stream = File.OpenRead(path);
        return Parse(path, ReadAll(stream, path), parse);
    }

    /// <summary>
    /// Does what <paramref name="parse"/> does, with <paramref name="path"/> in the message where it fails.
    /// </summary>
    public static T Parse<TContent, T>(string path, TContent content, Func<TContent, T> parse)
    {
        try
        {
            return parse(content);
        }
        catch (Exception fault) when (fault is JsonException or FormatException or ArgumentException
            or InvalidOperationException or NotSupportedException)
        {
            throw new InvalidDataException($"'{path}' is not a usable tokenizer file: {fault.Message}", fault);
        }
    }

    private static byte[] ReadAll(Stream stream, string path)
    {
        using var content = new MemoryStream();
        var block = new byte[81920];
        for (int count; (count = stream.Read(block)) > 0; content.Write(block, 0, count))
        {
            if (content.Length + count > MaximumLength)
            {
                throw new InvalidDataException(
                    $"'{path}' is longer than {MaximumLength:N0} bytes; it is no tokenizer file.");
            }
        }

        return content.ToArray();
    }
}
