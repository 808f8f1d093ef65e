using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The rows of a contiguous tensor on the processor, read and written as float32 whatever it holds: float32 or
/// bfloat16. Does not own the tensor.
/// </summary>
internal readonly unsafe struct TensorRows
{
    private readonly byte* _start;
    private readonly bool _isHalf;

    /// <summary>Looks at a contiguous tensor, whose last dimension is a row.</summary>
    public TensorRows(Tensor tensor)
    {
        _start = TensorMemory.Of<byte>(tensor);
        _isHalf = tensor.dtype == ScalarType.BFloat16;
        Width = (int)tensor.size(-1);
        Count = tensor.numel() / Math.Max(1, Width);
    }

    /// <summary>Gets the numbers of a row.</summary>
    public int Width { get; }

    /// <summary>Gets how many rows there are.</summary>
    public long Count { get; }

    /// <summary>Gets whether numbers of a type can be looked at in this way.</summary>
    public static bool Hold(ScalarType type) => type is ScalarType.Float32 or ScalarType.BFloat16;

    /// <summary>Gets whether a tensor can be looked at in this way.</summary>
    public static bool Fit(Tensor tensor) => tensor.device_type == DeviceType.CPU
        && Hold(tensor.dtype)
        && tensor.numel() < int.MaxValue / sizeof(float);

    /// <summary>Reads a part of a row, from <paramref name="first"/> on.</summary>
    public void Read(long row, int first, Span<float> target)
    {
        var place = row * Width + first;
        if (_isHalf)
        {
            BFloat16Rounding.Widen(new((ushort*)_start + place, target.Length), target);
        }
        else
        {
            new ReadOnlySpan<float>((float*)_start + place, target.Length).CopyTo(target);
        }
    }

    /// <summary>
    /// Gets a row as float32, to be changed and then written: the row itself where it is that, else a copy.
    /// </summary>
    /// <param name="row">Which.</param>
    /// <param name="room">[width]: holds the copy.</param>
    public Span<float> Open(long row, Span<float> room)
    {
        if (!_isHalf)
        {
            return new((float*)_start + row * Width, Width);
        }

        Read(row, 0, room);
        return room;
    }

    /// <summary>Reads a row in bfloat16, rounded where it is float32.</summary>
    public void ReadBFloat16(long row, Span<ushort> target)
    {
        if (_isHalf)
        {
            new ReadOnlySpan<ushort>((ushort*)_start + row * Width, Width).CopyTo(target);
        }
        else
        {
            BFloat16Rounding.Round(new((float*)_start + row * Width, Width), target);
        }
    }

    /// <summary>Writes a part of a row, from <paramref name="first"/> on; nothing where it is there already.</summary>
    public void Write(long row, int first, ReadOnlySpan<float> source)
    {
        var place = row * Width + first;
        if (_isHalf)
        {
            BFloat16Rounding.Round(source, new((ushort*)_start + place, source.Length));
        }
        else
        {
            source.CopyTo(new((float*)_start + place, source.Length));
        }
    }
}
