namespace Microsoft.ML.SigmaMoE;

/// <summary>Reads sizes off the tensors of a checkpoint.</summary>
internal static class CheckpointShapes
{
    /// <summary>Gets the sizes of a tensor that must be there.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="name">The tensor.</param>
    /// <param name="dimensions">What its dimensions are, for the message.</param>
    /// <exception cref="InvalidDataException">It is missing, or has other dimensions, or one of no size.</exception>
    public static int[] Sizes(this ICheckpoint checkpoint, string name, params string[] dimensions)
    {
        if (!checkpoint.Tensors.TryGetValue(name, out var tensor))
        {
            throw new InvalidDataException(
                $"'{checkpoint.Path}' has no tensor '{name}' [{string.Join(", ", dimensions)}].");
        }

        return tensor.Shape.Length == dimensions.Length && tensor.Shape.All(size => size is > 0 and <= int.MaxValue)
            ? [.. tensor.Shape.Select(size => (int)size)]
            : throw new InvalidDataException(
                $"'{checkpoint.Path}' has the tensor {tensor} where '{name}' [{string.Join(", ", dimensions)}] belongs.");
    }
}
