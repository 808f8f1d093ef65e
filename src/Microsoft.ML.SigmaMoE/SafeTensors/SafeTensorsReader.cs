using System.Buffers.Binary;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Reads tensors out of a safetensors stream, one at a time. The header is checked when the reader is made; of a stream
/// that can only be read forward, tensors must be read in the order of <see cref="Entries"/> (skipping some is fine).
/// </summary>
/// <remarks>The stream stays the caller's. It holds one file and ends with it.</remarks>
internal sealed class SafeTensorsReader
{
    private readonly Stream _stream;
    private readonly SafeTensorsHeader _header;
    private readonly Dictionary<string, SafeTensorsEntry> _entries;
    private readonly long _origin;
    private long _position;

    /// <summary>Reads and checks the header.</summary>
    /// <exception cref="InvalidDataException">The stream is no safetensors file, or a damaged one.</exception>
    public SafeTensorsReader(Stream stream)
    {
        _stream = stream;
        _header = SafeTensorsHeaderParser.Parse(ReadHeader(stream));
        _entries = _header.Entries.ToDictionary(entry => entry.Name);
        if (stream.CanSeek)
        {
            _origin = stream.Position;
            CheckDataLength(stream.Length - _origin);
        }
    }

    /// <summary>Gets the tensors in the order in which they stand in the stream.</summary>
    public IReadOnlyList<SafeTensorsEntry> Entries => _header.Entries;

    /// <summary>Gets the file's free texts.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Gets whether the file has a tensor of this name.</summary>
    public bool Contains(string name) => _entries.ContainsKey(name);

    /// <summary>Reads one tensor into a new one in main memory, which is the caller's.</summary>
    /// <exception cref="InvalidDataException">There is no such tensor, or its data is damaged.</exception>
    public Tensor Read(string name)
    {
        var entry = Find(name);
        var tensor = Allocate(entry);
        try
        {
            Fill(entry, tensor);
            return tensor;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Reads one tensor into <paramref name="target"/>, on whatever device and in whatever strides it is.
    /// </summary>
    /// <exception cref="InvalidDataException">
    /// There is no such tensor, it has another number format or shape, or its data is damaged.
    /// </exception>
    public void ReadInto(string name, Tensor target)
    {
        var entry = Find(name);
        if (entry.Type != target.dtype || !entry.Shape.AsSpan().SequenceEqual(target.shape))
        {
            var expected = entry with { Type = target.dtype, Shape = target.shape };
            throw new InvalidDataException($"The file has the tensor {entry} where {expected} belongs.");
        }

        if (target.device_type == TorchSharp.DeviceType.CPU && target.is_contiguous())
        {
            Fill(entry, target);
            return;
        }

        using var read = Read(name);
        using var detached = target.detach();
        detached.copy_(read);
    }

    /// <summary>Checks that nothing follows the last tensor.</summary>
    /// <exception cref="InvalidDataException">Something does.</exception>
    public void CheckEnd()
    {
        MoveTo(_header.DataLength, "the end of the data");
        if (_stream.ReadByte() >= 0)
        {
            throw new InvalidDataException("The safetensors file goes on after its last tensor.");
        }
    }

    private static ReadOnlyMemory<byte> ReadHeader(Stream stream)
    {
        var start = stream.ReadUpTo(sizeof(ulong));
        if (start.Length < sizeof(ulong))
        {
            throw new InvalidDataException(
                "The safetensors file is cut short: the 8 bytes of its header's length are missing.");
        }

        var length = BinaryPrimitives.ReadUInt64LittleEndian(start.Span);
        if (length > SafeTensorsHeader.MaxLength)
        {
            throw new InvalidDataException(
                $"This is no safetensors file: its header would be {length} bytes long, over {SafeTensorsHeader.MaxLength}.");
        }

        var json = stream.ReadUpTo((int)length);
        return (ulong)json.Length == length ? json : throw new InvalidDataException(
            $"The safetensors file is cut short: its header is {length} bytes long, {json.Length} are there.");
    }

    private void CheckDataLength(long available)
    {
        if (_header.Entries.FirstOrDefault(entry => entry.End > available) is { } first)
        {
            throw new InvalidDataException(
                $"The safetensors file is cut short: the tensor {first} ends at byte {first.End} of the data, {available} are there.");
        }

        if (_header.DataLength < available)
        {
            throw new InvalidDataException(
                $"The safetensors file goes on after its last tensor: {_header.DataLength} bytes of data expected, {available} found.");
        }
    }

    private SafeTensorsEntry Find(string name) => _entries.TryGetValue(name, out var entry)
        ? entry
        : throw new InvalidDataException($"The file has no tensor '{name}'.");

    private static Tensor Allocate(SafeTensorsEntry entry)
    {
        try
        {
            return empty(entry.Shape, dtype: entry.Type, device: CPU);
        }
        catch (ExternalException fault)
        {
            throw new InvalidDataException(
                $"The tensor {entry} needs {entry.End - entry.Start} bytes, which cannot be allocated.", fault);
        }
    }

    private void Fill(SafeTensorsEntry entry, Tensor dense)
    {
        MoveTo(entry.Start, $"the tensor {entry}");
        try
        {
            _stream.ReadTensor(dense);
        }
        catch (EndOfStreamException fault)
        {
            throw new InvalidDataException($"The safetensors file is cut short inside the tensor {entry}.", fault);
        }

        _position = entry.End;
        if (entry.Type == ScalarType.Bool && !TensorStreams.HasOnlyTruthValues(dense))
        {
            throw new InvalidDataException($"The tensor {entry} has bytes that are neither 0 nor 1.");
        }
    }

    private void MoveTo(long position, string what)
    {
        if (_stream.CanSeek)
        {
            _stream.Position = _origin + position;
        }
        else if (position < _position)
        {
            throw new InvalidOperationException($"The stream can only be read forward and is already past {what}.");
        }
        else
        {
            SkipTo(position, what);
        }

        _position = position;
    }

    private void SkipTo(long position, string what)
    {
        try
        {
            _stream.Skip(position - _position);
        }
        catch (EndOfStreamException fault)
        {
            throw new InvalidDataException($"The safetensors file is cut short before {what}.", fault);
        }
    }
}
