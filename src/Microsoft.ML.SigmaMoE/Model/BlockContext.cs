using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What every block of a network is built with.</summary>
/// <param name="Model">The network's shape.</param>
/// <param name="ComputeType">The number type of matrix multiplications: float32 or bfloat16.</param>
/// <param name="Randomness">Where initial weights and dropout come from. Owned by the network.</param>
internal sealed record BlockContext(ModelOptions Model, ScalarType ComputeType, Randomness Randomness)
{
    /// <summary>Gets whether kernels may round float32 as <see cref="Precision.TensorFloat32"/> does.</summary>
    public bool AllowsTensorFloat32 { get; init; }

    /// <summary>Gets what the network keeps of its weights once they do not change. Owned by the network.</summary>
    public FrozenWeights Frozen { get; } = new();

    /// <summary>Gets the network's multiplication.</summary>
    public MixedLinear Linear => new(ComputeType, Frozen);
}
