namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>How near float32 results must come to the authors', relative to max(1, largest reference value).</summary>
internal static class Tolerances
{
    /// <summary>Of layer outputs, logits and losses.</summary>
    public const double Forward = 1e-5;

    /// <summary>Of gradients, and of parameters after training.</summary>
    public const double Gradient = 2e-5;

    /// <summary>
    /// Of position weights after training: some of their true gradients are zero, and Adam amplifies the rounding.
    /// </summary>
    public const double TrainedPositions = 5e-3;
}
