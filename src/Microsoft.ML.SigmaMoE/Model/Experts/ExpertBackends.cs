using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Chooses who computes the experts.</summary>
internal static class ExpertBackends
{
    /// <summary>Gets the backend for a number type.</summary>
    public static IExpertBackend For(ScalarType computeType) => new TorchExpertBackend(computeType);
}
