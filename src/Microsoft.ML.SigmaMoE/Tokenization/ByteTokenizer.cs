using System.Buffers;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A tokenizer whose ids are the bytes of UTF-8, 0 to 255; the id 256 separates documents and stands for no text.
/// </summary>
/// <remarks>
/// Any text round-trips; an unpaired surrogate is read as U+FFFD. Safe to use from several threads at once.
/// </remarks>
public sealed class ByteTokenizer : Tokenizer
{
    /// <summary>The id that separates documents.</summary>
    public const int SeparatorId = 256;

    /// <inheritdoc/>
    public override string Decode(IEnumerable<int> ids) => Encoding.UTF8.GetString(Bytes(ids));

    /// <inheritdoc/>
    public override OperationStatus Decode(
        IEnumerable<int> ids, Span<char> destination, out int idsConsumed, out int charsWritten)
    {
        var bytes = Bytes(ids);
        var status = System.Text.Unicode.Utf8.ToUtf16(
            bytes, destination, out var bytesRead, out charsWritten, isFinalBlock: false);
        idsConsumed = Position(ids, bytesRead);
        return status;
    }

    /// <inheritdoc/>
    protected override EncodeResults<EncodedToken> EncodeToTokens(
        string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        var source = text ?? textSpan;
        var tokens = new List<EncodedToken>();
        Span<byte> bytes = stackalloc byte[4];
        var start = 0;
        while (start < source.Length)
        {
            Rune.DecodeFromUtf16(source[start..], out var rune, out var length);
            var count = rune.EncodeToUtf8(bytes);
            if (tokens.Count + count > settings.MaxTokenCount)
            {
                break;
            }

            foreach (var value in bytes[..count])
            {
                tokens.Add(new(value, ByteAlphabet.Write([value]), new(start, start + length)));
            }

            start += length;
        }

        return new() { Tokens = tokens, CharsConsumed = start };
    }

    private static byte[] Bytes(IEnumerable<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return [.. ids.Where(id => id != SeparatorId).Select(CheckedByte)];
    }

    private static byte CheckedByte(int id) => id is >= 0 and < 256
        ? (byte)id
        : throw new ArgumentOutOfRangeException(
            nameof(id), id, $"The id {id} is not a byte, nor the separator {SeparatorId}.");

    // the number of ids up to and with the given number of bytes
    private static int Position(IEnumerable<int> ids, int byteCount)
    {
        var position = 0;
        foreach (var id in ids)
        {
            if (id != SeparatorId && byteCount-- == 0)
            {
                break;
            }

            position++;
        }

        return position;
    }
}
