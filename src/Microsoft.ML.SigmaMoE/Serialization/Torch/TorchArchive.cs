using System.IO.Compression;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A file of <c>torch.save</c>: a zip without compression that holds a pickle (data.pkl) and one file for each storage
/// of numbers. Nothing in it is believed or run: what the pickle describes is checked against the zip, and the zip
/// against the length of the file, before anything is allocated.
/// </summary>
internal sealed class TorchArchive : IDisposable
{
    private const string PickleName = "data.pkl";
    private const int LongestPickle = 1 << 26;

    private readonly ZipArchive _zip;
    private readonly Dictionary<string, ZipArchiveEntry> _entries;
    private readonly string _folder;
    private TorchStorage? _readStorage;
    private Tensor? _read;

    private TorchArchive(Stream stream, ZipArchive zip)
    {
        _zip = zip;
        _entries = TorchArchiveEntries.Check(zip, stream.Length);
        var pickle = TorchArchiveEntries.FindPickle(_entries.Values, PickleName);
        _folder = pickle.FullName[..^PickleName.Length];
        CheckByteOrder();
        (Root, var storages) = Unpickler.Read(ReadAll(pickle, LongestPickle));
        foreach (var storage in storages)
        {
            FindStorage(storage);
        }
    }

    /// <summary>
    /// Gets the saved value: null, a number, a text, a list, an array for a tuple, a dictionary or a tensor.
    /// </summary>
    public object? Root { get; }

    /// <summary>Opens an archive. The stream must be able to seek; it is disposed with the archive.</summary>
    /// <exception cref="InvalidDataException">It is no such file, a damaged one, or holds more than data.</exception>
    public static TorchArchive Open(Stream stream)
    {
        ZipArchive? zip = null;
        try
        {
            zip = new ZipArchive(stream, ZipArchiveMode.Read);
            return new(stream, zip);
        }
        catch (Exception fault)
        {
            zip?.Dispose();
            stream.Dispose();
            if (fault is InvalidDataException)
            {
                throw;
            }

            // what .NET's reader of zips throws for damaged ones differs from version to version
            throw new InvalidDataException($"This is no PyTorch archive, or a damaged one: {fault.Message}", fault);
        }
    }

    /// <summary>Reads a tensor into a new dense one in main memory, which is the caller's.</summary>
    /// <exception cref="InvalidDataException">Its data is damaged.</exception>
    public Tensor Read(TorchTensor tensor)
    {
        using var scope = NewDisposeScope();
        var numbers = Read(tensor.Storage);
        return numbers.as_strided(tensor.Shape, tensor.Strides, tensor.Offset)
            .clone()
            .contiguous()
            .MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _read?.Dispose();
        _zip.Dispose();
    }

    // The latest storage is kept: several tensors in a row may be views of one.
    private Tensor Read(TorchStorage storage)
    {
        if (_readStorage != storage || _read is null)
        {
            _read?.Dispose();
            _read = null;
            _read = ReadStorage(storage).DetachFromDisposeScope();
            _readStorage = storage;
        }

        return _read;
    }

    private Tensor ReadStorage(TorchStorage storage)
    {
        using var stream = FindStorage(storage).Open();
        try
        {
            var numbers = empty(storage.Count, dtype: storage.Type, device: CPU);
            stream.ReadTensor(numbers);
            return storage.Type != ScalarType.Bool || TensorStreams.HasOnlyTruthValues(numbers)
                ? numbers
                : throw new InvalidDataException(
                $"The storage {storage.Key} of the PyTorch archive has bytes that are neither 0 nor 1.");
        }
        catch (Exception fault) when (fault is EndOfStreamException or ExternalException)
        {
            throw new InvalidDataException(
                $"The storage {storage.Key} of the PyTorch archive cannot be read: {fault.Message}", fault);
        }
    }

    private ZipArchiveEntry FindStorage(TorchStorage storage)
    {
        var name = $"{_folder}data/{storage.Key}";
        if (!_entries.TryGetValue(name, out var entry))
        {
            throw new InvalidDataException(
                $"The PyTorch archive is damaged: it has tensors in '{name}', which is missing.");
        }

        var needed = (Int128)storage.Count * SafeTensorsType.SizeOf(storage.Type);
        return entry.Length == needed ? entry : throw new InvalidDataException(
            $"The PyTorch archive is damaged: '{name}' has {entry.Length} bytes, but {storage.Count} elements of {storage.Type} need {needed}.");
    }

    private void CheckByteOrder()
    {
        if (_entries.TryGetValue($"{_folder}byteorder", out var entry) && !ReadAll(entry, 16).Span.SequenceEqual("little"u8))
        {
            throw new InvalidDataException(
                "The PyTorch archive was written on a big-endian machine; only little-endian ones are read.");
        }
    }

    private static ReadOnlyMemory<byte> ReadAll(ZipArchiveEntry entry, int most)
    {
        if (entry.Length > most)
        {
            throw new InvalidDataException(
                $"'{entry.FullName}' of the PyTorch archive is {entry.Length} bytes long; at most {most} are read.");
        }

        using var stream = entry.Open();
        var content = stream.ReadUpTo((int)entry.Length);
        return content.Length == entry.Length ? content : throw new InvalidDataException(
            $"'{entry.FullName}' of the PyTorch archive is cut short: {content.Length} of {entry.Length} bytes are there.");
    }
}
