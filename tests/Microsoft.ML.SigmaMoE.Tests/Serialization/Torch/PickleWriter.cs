using System.Buffers.Binary;
using System.Collections;
using System.Runtime.CompilerServices;
using System.Text;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// Writes the pickles that torch.save writes: protocol 2, with every container and text put into the memo.
/// </summary>
internal sealed class PickleWriter
{
    private readonly List<byte> _bytes = [];
    private readonly List<WrittenStorage> _storages = [];
    private int _memo;

    /// <summary>Gets the storages in the order of their keys.</summary>
    public IReadOnlyList<WrittenStorage> Storages => _storages;

    public byte[] Write(object? value)
    {
        Put(0x80, 2);
        Value(value);
        Put('.');
        return _bytes.ToArray();
    }

    private void Value(object? value)
    {
        switch (value)
        {
            case null: Put('N'); break;
            case bool flag: Put(flag ? 0x88 : 0x89); break;
            case int number: Number(number); break;
            case long number: Number(number); break;
            case double number: Double(number); break;
            case string text: Text(text); break;
            case TorchView tensor: Tensor(tensor); break;
            case WrittenWeights weights: Weights(weights); break;
            case ITuple tuple: Tuple([.. Enumerable.Range(0, tuple.Length).Select(place => tuple[place])]); break;
            case IDictionary dictionary: Dictionary(dictionary); break;
            case IEnumerable list: List(list); break;
            default: throw new NotSupportedException(value.GetType().Name);
        }
    }

    private void Number(long number)
    {
        switch (number)
        {
            case >= 0 and < 256: Put('K', (int)number); break;
            case >= 0 and < 65536: Put('M', (int)number & 0xFF, (int)number >> 8); break;
            case >= int.MinValue and <= int.MaxValue:
                Put('J');
                _bytes.AddRange(BitConverter.GetBytes((int)number));
                break;
            default: Put(0x8A, 8); _bytes.AddRange(BitConverter.GetBytes(number)); break;
        }
    }

    private void Double(double number)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteDoubleBigEndian(bytes, number);
        Put('G');
        _bytes.AddRange(bytes);
    }

    private void Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Put('X');
        _bytes.AddRange(BitConverter.GetBytes(bytes.Length));
        _bytes.AddRange(bytes);
        Memo();
    }

    private void Tuple(object?[] values)
    {
        if (values.Length is 0 or > 3)
        {
            Put(values.Length == 0 ? ')' : '(');
        }

        Array.ForEach(values, Value);
        if (values.Length > 0)
        {
            Put(values.Length > 3 ? 't' : 0x84 + values.Length);
        }

        Memo();
    }

    private void List(IEnumerable values)
    {
        Put(']');
        Memo();
        Put('(');
        foreach (var value in values)
        {
            Value(value);
        }

        Put('e');
    }

    private void Dictionary(IDictionary dictionary)
    {
        Put('}');
        Memo();
        Put('(');
        foreach (DictionaryEntry entry in dictionary)
        {
            Value(entry.Key);
            Value(entry.Value);
        }

        Put('u');
    }

    private void Weights(WrittenWeights weights)
    {
        OrderedDictionary();
        Put('(');
        foreach (var (name, tensor) in weights.Items)
        {
            Text(name);
            Tensor(tensor);
        }

        Put('u', '}');
        Text("_metadata");
        OrderedDictionary();
        Put('s', 'b');
    }

    private void Tensor(TorchView tensor)
    {
        if (tensor.IsParameter)
        {
            Global("torch._utils", "_rebuild_parameter");
            Put('(');
        }

        Global("torch._utils", "_rebuild_tensor_v2");
        Put('(');
        Storage(tensor.Storage);
        Number(tensor.Offset);
        Tuple([.. tensor.Shape.Cast<object>()]);
        Tuple([.. tensor.Strides.Cast<object>()]);
        Put(0x89);
        OrderedDictionary();
        Put('t');
        Memo();
        Put('R');
        Memo();
        if (tensor.IsParameter)
        {
            Put(0x88);
            OrderedDictionary();
            Put('t', 'R');
        }
    }

    private void Storage(WrittenStorage storage)
    {
        if (!_storages.Contains(storage))
        {
            _storages.Add(storage);
        }

        Put('(');
        Text("storage");
        Global("torch", storage.Class);
        Text($"{_storages.IndexOf(storage)}");
        Text("cpu");
        Number(storage.Numbers.numel());
        Put('t');
        Memo();
        Put('Q');
    }

    private void OrderedDictionary()
    {
        Global("collections", "OrderedDict");
        Put(')', 'R');
        Memo();
    }

    private void Global(string module, string name)
    {
        Put('c');
        _bytes.AddRange(Encoding.UTF8.GetBytes($"{module}\n{name}\n"));
        Memo();
    }

    private void Memo()
    {
        if (_memo < 256)
        {
            Put('q', _memo++);
        }
        else
        {
            Put('r');
            _bytes.AddRange(BitConverter.GetBytes(_memo++));
        }
    }

    private void Put(params int[] bytes) => Array.ForEach(bytes, value => _bytes.Add((byte)value));
}
