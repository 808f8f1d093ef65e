using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What every block of a network is built with.</summary>
/// <param name="Model">The network's shape.</param>
/// <param name="Precision">How matrices are multiplied.</param>
/// <param name="Randomness">Where initial weights and dropout come from. Owned by the network.</param>
internal sealed record BlockContext(ModelOptions Model, ComputePrecision Precision, Randomness Randomness)
{
    /// <summary>Gets the number type of matrix multiplications.</summary>
    public ScalarType ComputeType => Precision.Type;

    /// <summary>Gets what the network keeps of its weights once they do not change. Owned by the network.</summary>
    public FrozenWeights Frozen { get; } = new();

    /// <summary>Gets the network's multiplication.</summary>
    public MixedLinear Linear => new(ComputeType, Frozen);
}
