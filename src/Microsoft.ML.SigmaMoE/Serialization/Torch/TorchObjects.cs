namespace Microsoft.ML.SigmaMoE;

/// <summary>Makes the objects that a PyTorch pickle describes, each from checked arguments.</summary>
internal static class TorchObjects
{
    private const int LongestKey = 10;

    /// <summary>Does what one of the few known functions does.</summary>
    /// <exception cref="InvalidDataException">The arguments are not what PyTorch writes.</exception>
    public static object Call(PickleGlobal function, object?[] arguments)
    {
        if (function == PickleGlobal.OrderedDictionary && arguments.Length == 0)
        {
            return new PickleDictionary();
        }

        if (function == PickleGlobal.RebuildParameter && arguments is [TorchTensor parameter, bool, PickleDictionary])
        {
            return parameter;
        }

        // storage, offset, sizes, strides, whether a gradient is wanted, hooks, and in newer versions metadata
        return function == PickleGlobal.RebuildTensor
            && arguments is [TorchStorage storage, long offset, object?[] shape, object?[] strides, bool, PickleDictionary, ..]
            && arguments.Length <= 7
            ? TorchTensor.Create(storage, offset, Numbers(shape), Numbers(strides))
            : throw new InvalidDataException(
                $"The PyTorch archive calls '{function.Name}' with arguments that PyTorch never writes.");
    }

    /// <summary>Describes a storage: ("storage", class, key, device, number of elements).</summary>
    /// <exception cref="InvalidDataException">It is not described like that, or differently from before.</exception>
    public static TorchStorage Storage(object?[] description, Dictionary<string, TorchStorage> known)
    {
        if (description is not ["storage", PickleGlobal { StorageType: { } type }, string key, string, long count]
            || count < 0 || key.Length is 0 or > LongestKey || !key.All(char.IsAsciiDigit))
        {
            throw new InvalidDataException("The PyTorch archive describes a storage otherwise than PyTorch does.");
        }

        var storage = new TorchStorage(key, type, count);
        return known.TryAdd(key, storage) || known[key] == storage ? known[key] : throw new InvalidDataException(
            $"The PyTorch archive describes its storage {key} as {count} elements of {type}, and elsewhere as {known[key]}.");
    }

    private static long[] Numbers(object?[] values) => [.. values.Select(value => value is long number
        ? number
        : throw new InvalidDataException("The PyTorch archive has a tensor with a size or stride that is no whole number."))];
}
