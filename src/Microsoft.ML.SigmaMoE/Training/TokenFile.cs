using System.Buffers;
using System.IO.MemoryMappedFiles;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A text as tokens on disk, mapped into memory: only the pages that are read occupy any. Documents stand one after the
/// other, each followed by the separator token. Safe to read from several threads at once.
/// </summary>
internal sealed class TokenFile : IDisposable
{
    private readonly TokenFileHeader _header;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;

    private TokenFile(TokenFileHeader header, MemoryMappedFile file)
    {
        _header = header;
        _file = file;
        _view = file.CreateViewAccessor(0, header.FileLength, MemoryMappedFileAccess.Read);
    }

    /// <summary>Gets the number of tokens, separators included.</summary>
    public long TokenCount => _header.TokenCount;

    /// <summary>Gets one more than the largest possible token.</summary>
    public int VocabularySize => _header.VocabularySize;

    /// <summary>Gets the token after every document, or null where the file does not tell documents apart.</summary>
    public int? Separator => _header.Separator == TokenFileHeader.NoSeparator ? null : _header.Separator;

    /// <summary>Gets the number of documents that have at least one token.</summary>
    public long DocumentCount => _header.DocumentCount;

    /// <summary>Gets the length of all documents in UTF-8, separators not counted.</summary>
    public long Utf8ByteCount => _header.Utf8ByteCount;

    /// <summary>Gets the SHA-256 of the tokens, in hexadecimal: tells one text from another.</summary>
    public string Hash => _header.Hash;

    /// <summary>Opens a token file.</summary>
    /// <exception cref="InvalidDataException">The file is not a token file, or not a whole one.</exception>
    public static TokenFile Open(string path)
    {
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        try
        {
            Span<byte> head = stackalloc byte[TokenFileHeader.Size];
            var read = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
            var header = TokenFileHeader.Read(head[..read], stream.Length, path);
            return new(header, MemoryMappedFile.CreateFromFile(
                stream, mapName: null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false));
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Reads the tokens from <paramref name="start"/> on.</summary>
    public void Read(long start, Span<long> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, TokenCount - destination.Length);
        if (_header.BytesPerToken == sizeof(ushort))
        {
            Read<ushort>(start, destination);
        }
        else
        {
            Read<uint>(start, destination);
        }
    }

    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
    }

    private void Read<T>(long start, Span<long> destination)
        where T : unmanaged, System.Numerics.INumberBase<T>
    {
        var rented = ArrayPool<T>.Shared.Rent(destination.Length);
        var offset = TokenFileHeader.Size + (start * _header.BytesPerToken);
        _view.SafeMemoryMappedViewHandle.ReadSpan((ulong)offset, rented.AsSpan(0, destination.Length));
        for (var i = 0; i < destination.Length; i++)
        {
            destination[i] = long.CreateTruncating(rented[i]);
        }

        ArrayPool<T>.Shared.Return(rented);
    }
}
