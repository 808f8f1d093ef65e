using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>One tensor of somebody's checkpoint.</summary>
/// <param name="Name">Its name there.</param>
/// <param name="Type">The number format.</param>
/// <param name="Shape">The sizes of the dimensions.</param>
internal sealed record CheckpointTensor(string Name, ScalarType Type, long[] Shape)
{
    /// <summary>Gets the number of elements.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => checked(product * size));

    /// <summary>Describes the tensor for a message, as in <c>'w' (Float32 [2, 3])</c>.</summary>
    public override string ToString() => $"'{Name}' ({Type} [{string.Join(", ", Shape)}])";
}

/// <summary>
/// Named tensors of a checkpoint, whatever file they come from. Places and sizes are checked before this exists.
/// </summary>
internal interface ICheckpoint : IDisposable
{
    /// <summary>Gets the file or folder, for messages.</summary>
    string Path { get; }

    /// <summary>Gets the tensors by name.</summary>
    IReadOnlyDictionary<string, CheckpointTensor> Tensors { get; }

    /// <summary>Gets the file's free texts (safetensors' metadata).</summary>
    IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>
    /// Gets the arguments of the program that trained the model, by name; empty where they are not kept.
    /// </summary>
    IReadOnlyDictionary<string, object?> Arguments { get; }

    /// <summary>Reads one tensor into main memory, in its own number format. It is the caller's.</summary>
    /// <exception cref="InvalidDataException">Its data is damaged.</exception>
    Tensor Read(string name);
}
