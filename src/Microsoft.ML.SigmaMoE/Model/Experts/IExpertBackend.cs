using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What experts compute with. Weights are float32 and neuron-major.</summary>
/// <param name="Tokens">[tokens, d_model], float32.</param>
/// <param name="Gates">[tokens, K], float32: the router's weights.</param>
/// <param name="Up">[experts, expert size, d_model].</param>
/// <param name="Down">
/// [experts, expert size, outputs]; outputs is d_model but in a layer of somebody's own network.
/// </param>
/// <param name="UpBias">[experts, expert size], or null.</param>
internal readonly record struct ExpertInputs(Tensor Tokens, Tensor Gates, Tensor Up, Tensor Down, Tensor? UpBias)
{
    /// <summary>Gets the activation (φ).</summary>
    public Activation Activation { get; init; }

    /// <summary>Gets what is kept of weights that do not change, or null.</summary>
    public FrozenWeights? Frozen { get; init; }
}

/// <summary>What the forward pass gives.</summary>
/// <param name="Output">[tokens, outputs], float32.</param>
/// <param name="Hidden">
/// What the backward pass of the same backend needs of the hidden vectors; its shape is that backend's.
/// </param>
internal readonly record struct ExpertForward(Tensor Output, Tensor Hidden)
{
    /// <summary>
    /// Gets what else must stay in memory until the backward pass, which knows where it lies.
    /// </summary>
    public IReadOnlyList<Tensor> Kept { get; init; } = [];
}

/// <summary>The gradients by each of <see cref="ExpertInputs"/>, in its shapes.</summary>
internal readonly record struct ExpertGradients(Tensor Tokens, Tensor Gates, Tensor Up, Tensor Down, Tensor? UpBias);

/// <summary>
/// Computes both layers of all experts, forward and backward:
/// output[n] = Σ_k (gate[n, k] · mask[n, k] ⊙ φ(x[n] · up_eᵀ + b_e)) · down_e, e the k-th expert of token n.
/// Results are fresh tensors in the caller's dispose scope. No call records a gradient.
/// </summary>
internal interface IExpertPasses
{
    /// <summary>Computes the output and what the backward pass needs.</summary>
    /// <param name="inputs">Tokens, gates and weights.</param>
    /// <param name="batch">The tokens sorted by expert.</param>
    /// <param name="mask">[tokens · K, expert size] by slot: factors on the hidden vectors, or null.</param>
    ExpertForward Forward(in ExpertInputs inputs, ExpertBatch batch, Tensor? mask);

    /// <summary>Computes all gradients from that of the output.</summary>
    ExpertGradients Backward(Tensor gradient, in ExpertInputs inputs, ExpertBatch batch, Tensor? mask, Tensor hidden);
}

/// <summary>One way to compute experts, which reports name.</summary>
internal interface IExpertBackend : IExpertPasses
{
    /// <summary>Gets the name that reports show.</summary>
    string Name { get; }
}
