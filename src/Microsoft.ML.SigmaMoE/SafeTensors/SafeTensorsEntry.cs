using TorchSharp;

namespace Microsoft.ML.SigmaMoE;

/// <summary>One tensor of a safetensors file: what it is, and where its bytes stand in the file's data.</summary>
/// <param name="Name">The tensor's name, unique in the file.</param>
/// <param name="Type">The number format.</param>
/// <param name="Shape">The sizes of the dimensions; empty for a scalar.</param>
/// <param name="Start">The position of the first byte, counted from the end of the header.</param>
/// <param name="End">The position after the last byte.</param>
internal sealed record SafeTensorsEntry(string Name, torch.ScalarType Type, long[] Shape, long Start, long End)
{
    /// <summary>The most dimensions a tensor can have.</summary>
    public const int MaxRank = 64;

    /// <summary>Describes the tensor for a message, as in <c>'w' (F32 [2, 3])</c>.</summary>
    public override string ToString() => $"'{Name}' ({SafeTensorsType.NameOf(Type)} [{string.Join(", ", Shape)}])";
}
