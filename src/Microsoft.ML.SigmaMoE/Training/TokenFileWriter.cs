using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Writes a token file document by document, holding one buffer in memory. It is a temporary file until
/// <see cref="Complete"/> renames it, so that no half-written file ever stands under the final name.
/// </summary>
internal sealed class TokenFileWriter : IDisposable
{
    private readonly string _temporary;
    private readonly FileStream _stream;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _buffer = new byte[1 << 16];
    private int _buffered;
    private TokenFileHeader _header;

    /// <param name="path">The final name; an existing file is replaced when the new one is whole.</param>
    /// <param name="vocabularySize">One more than the largest token.</param>
    /// <param name="separator">The token written after every document, or null for a plain stream of tokens.</param>
    public TokenFileWriter(string path, int vocabularySize, int? separator)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabularySize);
        _header = new(vocabularySize, TokenFileHeader.NoSeparator, 0, 0, 0, new string('0', 64));
        if (separator is { } id)
        {
            _header = _header with { Separator = Known(id) };
        }

        Path = System.IO.Path.GetFullPath(path);
        _temporary = $"{Path}.{Environment.ProcessId}.{Guid.NewGuid():N}.tmp";
        _stream = new FileStream(_temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        _stream.Seek(TokenFileHeader.Size, SeekOrigin.Begin);
    }

    /// <summary>Gets the final name.</summary>
    public string Path { get; }

    /// <summary>Gets the number of tokens so far, separators included.</summary>
    public long TokenCount => _header.TokenCount;

    /// <summary>Adds one document and the separator. A document without tokens leaves no trace.</summary>
    /// <param name="tokens">The document's tokens.</param>
    /// <param name="utf8ByteCount">The length of its text in UTF-8; the separator counts as no byte.</param>
    /// <exception cref="ArgumentOutOfRangeException">A token is outside the vocabulary.</exception>
    public void Append(ReadOnlySpan<int> tokens, long utf8ByteCount)
    {
        if (tokens.IsEmpty)
        {
            return;
        }

        foreach (var token in tokens)
        {
            Put(token);
        }

        if (_header.Separator != TokenFileHeader.NoSeparator)
        {
            Put(_header.Separator);
        }

        _header = _header with
        {
            DocumentCount = _header.DocumentCount + 1,
            Utf8ByteCount = _header.Utf8ByteCount + utf8ByteCount,
        };
    }

    /// <summary>Gives the file its final name. Nothing can be added afterwards.</summary>
    public void Complete()
    {
        Flush();
        _header = _header with { Hash = Convert.ToHexStringLower(_hash.GetHashAndReset()) };
        Span<byte> head = stackalloc byte[TokenFileHeader.Size];
        _header.Write(head);
        _stream.Seek(0, SeekOrigin.Begin);
        _stream.Write(head);
        _stream.Flush(flushToDisk: true);
        _stream.Dispose();
        File.Move(_temporary, Path, overwrite: true);
    }

    public void Dispose()
    {
        _stream.Dispose();
        _hash.Dispose();
        if (File.Exists(_temporary)) // its folder may be gone, which Delete would not forgive
        {
            File.Delete(_temporary);
        }
    }

    private void Put(int token)
    {
        if (_buffered == _buffer.Length)
        {
            Flush();
        }

        if (_header.BytesPerToken == sizeof(ushort))
        {
            BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(_buffered), (ushort)Known(token));
        }
        else
        {
            BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(_buffered), Known(token));
        }

        _buffered += _header.BytesPerToken;
        _header = _header with { TokenCount = _header.TokenCount + 1 };
    }

    private int Known(int token) => (uint)token < (uint)_header.VocabularySize
        ? token
        : throw new ArgumentOutOfRangeException(
            nameof(token), token,
            $"Token {token} is not in the vocabulary of {_header.VocabularySize} (0 to {_header.VocabularySize - 1}).");

    private void Flush()
    {
        var bytes = _buffer.AsSpan(0, _buffered);
        _hash.AppendData(bytes);
        _stream.Write(bytes);
        _buffered = 0;
    }
}
