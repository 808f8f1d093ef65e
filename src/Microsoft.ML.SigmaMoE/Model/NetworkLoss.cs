using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>The losses of a training step.</summary>
/// <param name="CrossEntropy">Mean negative log-likelihood of a token in nats, a scalar.</param>
/// <param name="Balancing">The weighted balancing losses of all layers, a scalar, or null where there are none.</param>
/// <param name="Routings">Where each layer with experts sent its tokens, without gradients.</param>
internal sealed record NetworkLoss(Tensor CrossEntropy, Tensor? Balancing, IReadOnlyList<Routing> Routings)
{
    /// <summary>Gets what training minimises.</summary>
    public Tensor Total => Balancing is null ? CrossEntropy : CrossEntropy.Plus(Balancing);
}
