using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What one pass over rows of a batch came to.</summary>
/// <param name="CrossEntropy">Mean negative log-likelihood of a token in nats.</param>
/// <param name="Balancing">The weighted balancing losses.</param>
/// <param name="Routings">Where each layer with experts sent the tokens, without gradients. Owned by no scope.</param>
/// <param name="Gradients">By parameter, in their order; null where a parameter has none. Owned by no scope.</param>
internal sealed record PassResult(
    double CrossEntropy, double Balancing, IReadOnlyList<Routing> Routings, IReadOnlyList<Tensor?> Gradients)
{
    /// <summary>Runs a pass, forward and backward.</summary>
    /// <param name="network">The network, which other threads may use meanwhile.</param>
    /// <param name="parameters">What the gradient is wanted of.</param>
    /// <param name="tokens">[rows, time + 1], int64.</param>
    /// <param name="memory">What the rows remember; no other pass may use it meanwhile.</param>
    /// <param name="share">The pass's share of the step, by which its gradient is scaled.</param>
    public static PassResult Of(
        TransformerNetwork network, IReadOnlyList<Tensor> parameters, Tensor tokens, SegmentMemory memory, double share)
    {
        using var scope = NewDisposeScope();
        var loss = network.Loss(tokens, memory);
        var gradients = autograd.grad([loss.Total.Times(share)], [.. parameters], null, false, false, allow_unused: true);
        return new(
            loss.CrossEntropy.item<float>(),
            loss.Balancing?.item<float>() ?? 0,
            [.. loss.Routings.Select(routing => routing.Detached())],
            [.. gradients.Select(gradient => gradient.IsInvalid ? null : gradient.DetachFromDisposeScope())]);
    }
}
