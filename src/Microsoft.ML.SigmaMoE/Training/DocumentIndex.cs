using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Where each document of a token file starts and how long its text is, as a file of pairs of numbers: a corpus has any
/// number of documents. Written front to back, then read anywhere. Owns the file and deletes it.
/// </summary>
internal sealed class DocumentIndex(string path) : IDisposable
{
    private const int EntrySize = 2 * sizeof(long);

    private readonly FileStream _file = new(
        path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);

    private SafeFileHandle? _written;

    /// <summary>Gets the number of documents.</summary>
    public long Count { get; private set; }

    /// <summary>Adds the next document.</summary>
    /// <param name="start">Its first token.</param>
    /// <param name="utf8ByteCount">The length of its text.</param>
    public void Add(long start, long utf8ByteCount)
    {
        Span<byte> entry = stackalloc byte[EntrySize];
        BinaryPrimitives.WriteInt64LittleEndian(entry, start);
        BinaryPrimitives.WriteInt64LittleEndian(entry[sizeof(long)..], utf8ByteCount);
        _file.Write(entry);
        Count++;
    }

    /// <summary>Gets a document's first token and the length of its text. Nothing can be added afterwards.</summary>
    public (long Start, long Utf8ByteCount) Read(long document)
    {
        _written ??= Flush();
        Span<byte> entry = stackalloc byte[EntrySize];
        var read = RandomAccess.Read(_written, entry, document * EntrySize);
        ArgumentOutOfRangeException.ThrowIfNotEqual(read, EntrySize, nameof(document));
        return (
            BinaryPrimitives.ReadInt64LittleEndian(entry),
            BinaryPrimitives.ReadInt64LittleEndian(entry[sizeof(long)..]));
    }

    public void Dispose() => _file.Dispose();

    private SafeFileHandle Flush()
    {
        _file.Flush();
        return _file.SafeFileHandle;
    }
}
