using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What is summed: y[n] = Σ_j weight[n, j] · values[chosen[n, j]].</summary>
/// <param name="Weights">[tokens, J], float32.</param>
/// <param name="Values">[values, width], float32, bfloat16 or float16: the number type that is computed in.</param>
/// <param name="Chosen">[tokens, J], int64: rows of the values; a token may choose one more than once.</param>
internal readonly record struct GatherInputs(Tensor Weights, Tensor Values, Tensor Chosen);

/// <summary>
/// Weighted sums of gathered rows and their gradients. Results are float32 and fresh in the caller's dispose scope. No
/// call records a gradient.
/// </summary>
internal interface IGatherBackend
{
    /// <summary>Gets the name that reports show.</summary>
    string Name { get; }

    /// <summary>Computes y, [tokens, width].</summary>
    Tensor Sum(in GatherInputs inputs);

    /// <summary>Computes the gradient by the weights, dy[n] · values[chosen[n, j]], [tokens, J].</summary>
    /// <param name="gradient">dy, [tokens, width], float32.</param>
    /// <param name="inputs">What was summed.</param>
    Tensor ByWeights(Tensor gradient, in GatherInputs inputs);

    /// <summary>
    /// Computes the gradient by the values, the sum of weight[n, j] · dy[n] over all who chose each, [values, width].
    /// </summary>
    /// <param name="gradient">dy, [tokens, width], float32.</param>
    /// <param name="inputs">What was summed.</param>
    Tensor ByValues(Tensor gradient, in GatherInputs inputs);
}
