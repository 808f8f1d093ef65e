using System.Diagnostics.CodeAnalysis;

namespace Microsoft.ML.SigmaMoE;

/// <summary>A Python dictionary, plain or ordered, with keys that are texts or whole numbers.</summary>
internal sealed class PickleDictionary
{
    private readonly List<KeyValuePair<object, object?>> _items = [];
    private readonly Dictionary<object, object?> _byKey = [];

    /// <summary>Gets the entries in their order.</summary>
    public IReadOnlyList<KeyValuePair<object, object?>> Items => _items;

    /// <summary>Adds an entry.</summary>
    /// <exception cref="InvalidDataException">The key is of another type, or there already.</exception>
    public void Add(object? key, object? value)
    {
        if (key is not (string or long or bool))
        {
            throw new InvalidDataException(
                "The PyTorch archive has a dictionary key that is neither a text nor a whole number.");
        }

        if (!_byKey.TryAdd(key, value))
        {
            throw new InvalidDataException($"The PyTorch archive has the entry '{key}' twice in one dictionary.");
        }

        _items.Add(new(key, value));
    }

    /// <summary>Finds an entry of a certain type.</summary>
    public bool TryGet<T>(string key, [NotNullWhen(true)] out T? value)
        where T : class
    {
        value = _byKey.GetValueOrDefault(key) as T;
        return value is not null;
    }
}
