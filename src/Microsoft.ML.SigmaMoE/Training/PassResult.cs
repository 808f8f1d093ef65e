using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What one pass over rows of a batch came to.</summary>
/// <param name="CrossEntropy">Mean negative log-likelihood of a token in nats.</param>
/// <param name="Balancing">The weighted balancing losses.</param>
/// <param name="Routings">Where each layer with experts sent the tokens, without gradients. Owned by no scope.</param>
/// <param name="Gradients">
/// By parameter, in their order; null where a parameter has none; empty where the parameters hold them. Owned by no
/// scope.
/// </param>
internal sealed record PassResult(
    double CrossEntropy, double Balancing,
    IReadOnlyList<Routing> Routings, IReadOnlyList<Tensor?> Gradients) : IDisposable
{
    /// <summary>Runs a pass, forward and backward.</summary>
    /// <param name="network">The network, which other threads may use meanwhile.</param>
    /// <param name="parameters">
    /// What the gradient is wanted of, where other passes run beside; null where none do: the parameters' own is added
    /// to.
    /// </param>
    /// <param name="tokens">[rows, time + 1], int64.</param>
    /// <param name="memory">What the rows remember; no other pass may use it meanwhile.</param>
    /// <param name="factor">
    /// What its gradient is scaled by: the pass's share of the step, and what scales the step's loss.
    /// </param>
    public static PassResult Of(
        TransformerNetwork network, IReadOnlyList<Tensor>? parameters, Tensor tokens, SegmentMemory memory,
        double factor)
    {
        using var scope = NewDisposeScope();
        var loss = network.Loss(tokens, memory);
        var gradients = Differentiate(loss.Total.Times(factor), parameters);
        return new(
            loss.CrossEntropy.item<float>(),
            loss.Balancing?.item<float>() ?? 0,
            [.. loss.Routings.Select(routing => routing.DetachFromDisposeScope())],
            [.. gradients.Select(gradient => gradient.IsInvalid ? null : gradient.DetachFromDisposeScope())]);
    }

    /// <summary>Frees what it holds, where a step is not taken.</summary>
    public void Dispose()
    {
        foreach (var routing in Routings)
        {
            routing.Dispose();
        }

        foreach (var gradient in Gradients)
        {
            gradient?.Dispose();
        }
    }

    // beside others, a pass keeps its gradient to itself: by TorchSharp's grad, which cannot survive a want of memory
    private static IReadOnlyList<Tensor> Differentiate(Tensor loss, IReadOnlyList<Tensor>? parameters)
    {
        try
        {
            if (parameters is not null)
            {
                return [.. autograd.grad([loss], [.. parameters], null, false, false, allow_unused: true)];
            }

            BackwardFault.Run(loss);
            return [];
        }
        finally
        {
            LeftTensors.OfThisThread.Free();
        }
    }
}
