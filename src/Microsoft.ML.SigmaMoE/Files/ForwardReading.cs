namespace Microsoft.ML.SigmaMoE;

/// <summary>Reads streams that may be cut short, may lie about their length, and may not be able to seek.</summary>
internal static class ForwardReading
{
    private const int PieceBytes = 1 << 16;

    /// <summary>
    /// Reads the next <paramref name="count"/> bytes, fewer where the stream ends. The memory grows with what really
    /// comes: a count is only a claim.
    /// </summary>
    public static ReadOnlyMemory<byte> ReadUpTo(this Stream stream, int count)
    {
        using var all = new MemoryStream();
        var piece = new byte[Math.Min(count, PieceBytes)];
        while (all.Length < count)
        {
            var read = stream.Read(piece, 0, (int)Math.Min(piece.Length, count - all.Length));
            if (read == 0)
            {
                break;
            }

            all.Write(piece, 0, read);
        }

        return all.GetBuffer().AsMemory(0, (int)all.Length);
    }

    /// <summary>Reads <paramref name="count"/> bytes and forgets them.</summary>
    /// <exception cref="EndOfStreamException">The stream has fewer.</exception>
    public static void Skip(this Stream stream, long count)
    {
        var piece = new byte[Math.Min(count, PieceBytes)];
        for (; count > piece.Length; count -= piece.Length)
        {
            stream.ReadExactly(piece);
        }

        stream.ReadExactly(piece, 0, (int)count);
    }
}
