using System.Runtime.InteropServices;
using Microsoft.ML.Data;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A temporary file of scored rows, made when first written to. Nobody needs to close it: the file goes when this
/// object is collected or the process ends, however that happens. Safe to use from several threads at once.
/// </summary>
/// <param name="folder">Where the file is made.</param>
internal sealed class ScoreFile(string folder)
{
    private readonly Lock _gate = new();
    private FileStream? _stream;
    private long _length;

    /// <summary>Writes rows and returns where they stand.</summary>
    /// <exception cref="IOException">The disk is full, or the folder cannot be written to.</exception>
    public (long Start, int Length) Append(IReadOnlyList<ScoredRow> rows)
    {
        var bytes = Encode(rows);
        lock (_gate)
        {
            _stream ??= Create();
            RandomAccess.Write(_stream.SafeFileHandle, bytes.Span, _length);
            var start = _length;
            _length += bytes.Length;
            return (start, bytes.Length);
        }
    }

    /// <summary>Reads rows back.</summary>
    public ScoredRow[] Read((long Start, int Length) place)
    {
        var bytes = new byte[place.Length];
        for (var read = 0; read < bytes.Length;)
        {
            var count = RandomAccess.Read(_stream!.SafeFileHandle, bytes.AsSpan(read), place.Start + read);
            read += count > 0 ? count : throw new EndOfStreamException($"A temporary file in {folder} was cut short.");
        }

        return Decode(bytes);
    }

    private FileStream Create()
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, $"sigmamoe-{Guid.NewGuid():N}.tmp");
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Options = FileOptions.DeleteOnClose,
            BufferSize = 0,
        };
        if (OperatingSystem.IsWindows())
        {
            return new FileStream(path, options);
        }

        options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var stream = new FileStream(path, options);
        File.Delete(path);    // an open file without a name is gone even when the process is killed
        return stream;
    }

    private static ReadOnlyMemory<byte> Encode(IReadOnlyList<ScoredRow> rows)
    {
        var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(rows.Count);
        foreach (var (id, score) in rows)
        {
            writer.Write(id.Low);
            writer.Write(id.High);
            writer.Write(score.TokenCount);
            writer.Write(score.ByteCount);
            Write(writer, score.TokenLogLikelihoods);
            Write(writer, score.Features);
            Write(writer, score.ExpertUsage);
        }

        return stream.GetBuffer().AsMemory(0, checked((int)stream.Length));
    }

    private static ScoredRow[] Decode(byte[] bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes));
        var rows = new ScoredRow[reader.ReadInt32()];
        for (var row = 0; row < rows.Length; row++)
        {
            var id = new DataViewRowId(reader.ReadUInt64(), reader.ReadUInt64());
            rows[row] = new(id, new()
            {
                TokenCount = reader.ReadInt32(),
                ByteCount = reader.ReadInt32(),
                TokenLogLikelihoods = ReadNumbers(reader),
                Features = ReadNumbers(reader),
                ExpertUsage = ReadNumbers(reader),
            });
        }

        return rows;
    }

    private static void Write(BinaryWriter writer, float[] numbers)
    {
        writer.Write(numbers.Length);
        writer.Write(MemoryMarshal.AsBytes<float>(numbers));
    }

    private static float[] ReadNumbers(BinaryReader reader)
    {
        var numbers = new float[reader.ReadInt32()];
        reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(numbers.AsSpan()));
        return numbers;
    }
}
