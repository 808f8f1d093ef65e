namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Reads the pickle of a PyTorch archive: protocol 2, and of it only what builds numbers, texts, containers and
/// tensors. Every other instruction and every unknown name is refused, so a file can make nothing but data.
/// </summary>
/// <remarks>
/// Python's documentation of the module pickletools lists the instructions. Each makes at most one value, so their
/// number bounds the memory; nothing here calls itself, so nesting cannot overflow the stack.
/// </remarks>
internal sealed class Unpickler
{
    private const int MostInstructions = 2_000_000;
    private readonly PickleStack _stack = new();
    private readonly Dictionary<int, object?> _memo = [];
    private readonly Dictionary<string, TorchStorage> _storages = [];
    private PickleBytes _bytes;

    private Unpickler(ReadOnlyMemory<byte> pickle) => _bytes = new(pickle);

    /// <summary>Reads the one value of a pickle, and the storages that its tensors view.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or asks for more than data.</exception>
    public static (object? Value, IReadOnlyCollection<TorchStorage> Storages) Read(ReadOnlyMemory<byte> pickle)
    {
        var unpickler = new Unpickler(pickle);
        return (unpickler.Run(), unpickler._storages.Values);
    }

    private object? Run()
    {
        for (var count = 0; count < MostInstructions; count++)
        {
            var instruction = _bytes.Byte();
            if (instruction == '.')
            {
                return _bytes.IsEmpty
                    ? _stack.Pop()
                    : throw new InvalidDataException("The pickle of the PyTorch archive goes on after its end.");
            }

            if (!Number(instruction) && !Container(instruction) && !Memo(instruction))
            {
                Construct(instruction);
            }
        }

        throw new InvalidDataException(
            $"The pickle of the PyTorch archive has more than {MostInstructions} instructions.");
    }

    private bool Number(byte instruction)
    {
        switch (instruction)
        {
            case (byte)'N': _stack.Push(null); return true;
            case 0x88: _stack.Push(true); return true;
            case 0x89: _stack.Push(false); return true;
            case (byte)'K': _stack.Push((long)_bytes.Byte()); return true;
            case (byte)'M': _stack.Push((long)_bytes.UInt16()); return true;
            case (byte)'J': _stack.Push((long)_bytes.Int32()); return true;
            case 0x8A: _stack.Push(_bytes.Long()); return true;
            case (byte)'G': _stack.Push(_bytes.BigEndianDouble()); return true;
            case (byte)'X': _stack.Push(_bytes.Text()); return true;
            default: return false;
        }
    }

    private bool Container(byte instruction)
    {
        switch (instruction)
        {
            case (byte)'(': _stack.Mark(); return true;
            case (byte)']': _stack.Push(new List<object?>()); return true;
            case (byte)'}': _stack.Push(new PickleDictionary()); return true;
            case (byte)')': _stack.Push(Array.Empty<object?>()); return true;
            case 0x85: _stack.Push(_stack.PopMany(1)); return true;
            case 0x86: _stack.Push(_stack.PopMany(2)); return true;
            case 0x87: _stack.Push(_stack.PopMany(3)); return true;
            case (byte)'t': _stack.Push(_stack.PopToMark()); return true;
            case (byte)'a': Append(_stack.PopMany(1)); return true;
            case (byte)'e': Append(_stack.PopToMark()); return true;
            case (byte)'s': SetItems(_stack.PopMany(2)); return true;
            case (byte)'u': SetItems(_stack.PopToMark()); return true;
            default: return false;
        }
    }

    private bool Memo(byte instruction)
    {
        switch (instruction)
        {
            case (byte)'q': _memo[_bytes.Byte()] = _stack.Peek(); return true;
            case (byte)'r': _memo[_bytes.Int32()] = _stack.Peek(); return true;
            case (byte)'h': _stack.Push(Remembered(_bytes.Byte())); return true;
            case (byte)'j': _stack.Push(Remembered(_bytes.Int32())); return true;
            default: return false;
        }
    }

    private void Construct(byte instruction)
    {
        switch (instruction)
        {
            case 0x80: CheckProtocol(_bytes.Byte()); break;
            case (byte)'c': _stack.Push(PickleGlobal.Find(_bytes.Line(), _bytes.Line())); break;
            case (byte)'Q': _stack.Push(TorchObjects.Storage(_stack.Pop<object?[]>(), _storages)); break;
            case (byte)'R': Reduce(); break;
            case (byte)'b': SkipState(); break;
            default:
                throw new InvalidDataException(
                    $"The PyTorch archive is damaged or holds more than data: its pickle has the instruction 0x{instruction:X2}, "
                    + "which tensors, numbers, texts and containers never need.");
        }
    }

    private void Reduce()
    {
        var arguments = _stack.Pop<object?[]>();
        _stack.Push(TorchObjects.Call(_stack.Pop<PickleGlobal>(), arguments));
    }

    // The attributes of an ordered dictionary: PyTorch keeps versions of modules there.
    private void SkipState()
    {
        _stack.Pop<PickleDictionary>();
        _stack.Peek<PickleDictionary>();
    }

    private void Append(object?[] values) => _stack.Peek<List<object?>>().AddRange(values);

    private void SetItems(object?[] values)
    {
        var dictionary = _stack.Peek<PickleDictionary>();
        if (values.Length % 2 != 0)
        {
            throw new InvalidDataException("The PyTorch archive is damaged: a dictionary has a key without a value.");
        }

        foreach (var pair in values.Chunk(2))
        {
            dictionary.Add(pair[0], pair[1]);
        }
    }

    private object? Remembered(int place) => _memo.TryGetValue(place, out var value)
        ? value
        : throw new InvalidDataException(
            $"The PyTorch archive is damaged: its pickle refers to value {place}, which it has not made.");

    private static void CheckProtocol(byte protocol)
    {
        if (protocol != 2)
        {
            throw new InvalidDataException(
                $"The PyTorch archive is pickled with protocol {protocol}; torch.save uses 2 and only that is read.");
        }
    }
}
