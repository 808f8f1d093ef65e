using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Where one call of a mixture sent its tokens.</summary>
/// <param name="Experts">[tokens, K], int64: the chosen experts, in the order in which top-k returned them.</param>
/// <param name="Weights">
/// [tokens, K], float32: what each chosen expert's output is multiplied by; carries the gradient.
/// </param>
/// <param name="Logits">[tokens, experts], float32: the raw logits, before dropout, noise and activation.</param>
public sealed record Routing(Tensor Experts, Tensor Weights, Tensor Logits)
{
    /// <summary>
    /// Gets the probability that each expert is chosen under the router's noise, [tokens, experts], float32, with its
    /// gradient; null where a router chooses without noise.
    /// </summary>
    public Tensor? ChoiceProbabilities { get; init; }

    /// <summary>
    /// Gets what the router's kernel left beside its choices, or null where libtorch's operations made them.
    /// </summary>
    internal CountedChoices? Counted { get; init; }

    /// <summary>Gets the same numbers without their gradients, in tensors that no dispose scope owns.</summary>
    internal Routing Detached() => new(Owned(Experts), Owned(Weights), Owned(Logits))
    {
        ChoiceProbabilities = ChoiceProbabilities is { } probabilities ? Owned(probabilities) : null,
    };

    /// <summary>Disposes of the tensors.</summary>
    internal void Dispose()
    {
        Experts.Dispose();
        Weights.Dispose();
        Logits.Dispose();
        ChoiceProbabilities?.Dispose();
    }

    /// <summary>Lets the tensors outlive the current dispose scope.</summary>
    internal void MoveToOuterDisposeScope()
    {
        Experts.MoveToOuterDisposeScope();
        Weights.MoveToOuterDisposeScope();
        Logits.MoveToOuterDisposeScope();
        ChoiceProbabilities?.MoveToOuterDisposeScope();
    }

    private static Tensor Owned(Tensor tensor) => tensor.detach().DetachFromDisposeScope();
}
