using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>A row of numbers in a PyTorch archive, of which tensors are views.</summary>
/// <param name="Key">The number of its file in the archive.</param>
/// <param name="Type">The number format.</param>
/// <param name="Count">How many numbers it has.</param>
internal sealed record TorchStorage(string Key, ScalarType Type, long Count);
