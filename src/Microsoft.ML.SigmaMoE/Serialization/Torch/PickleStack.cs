namespace Microsoft.ML.SigmaMoE;

/// <summary>The values that a pickle is working on. Nothing is taken from below the latest mark.</summary>
internal sealed class PickleStack
{
    private const int MostMarks = 1000;
    private readonly List<object?> _values = [];
    private readonly Stack<int> _marks = [];

    private int Floor => _marks.TryPeek(out var mark) ? mark : 0;

    public void Push(object? value) => _values.Add(value);

    public void Mark()
    {
        _marks.Push(_values.Count);
        if (_marks.Count > MostMarks)
        {
            throw new InvalidDataException($"The PyTorch archive nests containers more than {MostMarks} deep.");
        }
    }

    public object? Pop()
    {
        var value = Peek();
        _values.RemoveAt(_values.Count - 1);
        return value;
    }

    public object? Peek() => _values.Count > Floor
        ? _values[^1]
        : throw new InvalidDataException("The PyTorch archive is damaged: its pickle takes a value that is not there.");

    /// <summary>Pops a value of a certain type.</summary>
    public T Pop<T>() => Pop() is T value ? value : throw Unexpected(typeof(T));

    /// <summary>Gets the top value, which must be of a certain type.</summary>
    public T Peek<T>() => Peek() is T value ? value : throw Unexpected(typeof(T));

    /// <summary>Pops the top <paramref name="count"/> values, in the order in which they were pushed.</summary>
    public object?[] PopMany(int count)
    {
        var popped = new object?[count];
        for (var place = count - 1; place >= 0; place--)
        {
            popped[place] = Pop();
        }

        return popped;
    }

    /// <summary>Pops all values down to the latest mark, and the mark.</summary>
    public object?[] PopToMark()
    {
        if (!_marks.TryPop(out var mark))
        {
            throw new InvalidDataException("The PyTorch archive is damaged: its pickle ends a list that never began.");
        }

        object?[] popped = [.. _values.GetRange(mark, _values.Count - mark)];
        _values.RemoveRange(mark, popped.Length);
        return popped;
    }

    private static InvalidDataException Unexpected(Type wanted) =>
        new($"The PyTorch archive is damaged: its pickle has another value where a {wanted.Name} belongs.");
}
