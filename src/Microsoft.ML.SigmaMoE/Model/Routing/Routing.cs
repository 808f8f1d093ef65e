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

    private IEnumerable<Tensor> Tensors =>
        new[] { Experts, Weights, Logits, ChoiceProbabilities }.OfType<Tensor>();

    /// <summary>Gets the same numbers without their gradients, in the current dispose scope.</summary>
    internal Routing Detached() => new(Experts.detach(), Weights.detach(), Logits.detach())
    {
        ChoiceProbabilities = ChoiceProbabilities?.detach(),
    };

    /// <summary>Lets the tensors outlive the current dispose scope.</summary>
    internal Routing MoveToOuterDisposeScope() => WithEach(tensor => tensor.MoveToOuterDisposeScope());

    /// <summary>Takes the tensors from their dispose scopes: whoever gets them disposes of them.</summary>
    internal Routing DetachFromDisposeScope() => WithEach(tensor => tensor.DetachFromDisposeScope());

    /// <summary>Disposes of the tensors.</summary>
    internal void Dispose() => WithEach(tensor => tensor.Dispose());

    private Routing WithEach(Action<Tensor> action)
    {
        foreach (var tensor in Tensors)
        {
            action(tensor);
        }

        return this;
    }
}
