namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A tensor of a PyTorch archive that was not read yet: a view of a storage, in which it certainly lies.
/// </summary>
/// <param name="Storage">Its numbers.</param>
/// <param name="Offset">Where in the storage the first element stands.</param>
/// <param name="Shape">The sizes of the dimensions.</param>
/// <param name="Strides">How far apart neighbours of each dimension stand.</param>
internal sealed record TorchTensor(TorchStorage Storage, long Offset, long[] Shape, long[] Strides)
{
    private const int MaxRank = 64;

    /// <summary>Makes the view, unless it leaves its storage or has more elements than that.</summary>
    /// <exception cref="InvalidDataException">It does.</exception>
    public static TorchTensor Create(TorchStorage storage, long offset, long[] shape, long[] strides)
    {
        var tensor = new TorchTensor(storage, offset, shape, strides);
        if (shape.Length != strides.Length || shape.Length > MaxRank || offset < 0 || shape.Any(size => size < 0)
            || strides.Any(stride => stride < 0))
        {
            throw Broken(tensor, "has sizes, strides or an offset that no tensor has");
        }

        if (Elements(shape) is var count && count > storage.Count)
        {
            throw Broken(tensor, $"has {count} elements, more than its storage");
        }

        return count == 0 || Last(tensor) < storage.Count ? tensor : throw Broken(tensor, "reaches beyond its storage");
    }

    /// <summary>Describes the tensor for a message.</summary>
    public override string ToString() =>
        $"{Storage.Type} [{string.Join(", ", Shape)}] with strides [{string.Join(", ", Strides)}] from {Offset} of storage "
        + $"{Storage.Key}, which has {Storage.Count} elements";

    // A size of 0 counts as 1 in the overflow check: libtorch multiplies the other sizes to find strides.
    private static Int128 Elements(long[] shape)
    {
        var product = Int128.One;
        foreach (var size in shape)
        {
            product *= Math.Max(size, 1);
            if (product > long.MaxValue)
            {
                return product;
            }
        }

        return shape.Contains(0) ? 0 : product;
    }

    private static Int128 Last(TorchTensor tensor)
    {
        Int128 last = tensor.Offset;
        for (var dimension = 0; dimension < tensor.Shape.Length; dimension++)
        {
            last += (Int128)(tensor.Shape[dimension] - 1) * tensor.Strides[dimension];
        }

        return last;
    }

    private static InvalidDataException Broken(TorchTensor tensor, string fault) =>
        new($"The PyTorch archive is damaged: a tensor {fault}: {tensor}.");
}
