using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Chooses who computes the experts.</summary>
internal static class ExpertBackends
{
    private static readonly BFloat16ExpertBackend FusedBFloat16 = new();

    /// <summary>Gets the fastest backend that takes these inputs in this number type.</summary>
    public static IExpertBackend For(ScalarType computeType, in ExpertInputs inputs) =>
        computeType == ScalarType.BFloat16 && BFloat16ExpertBackend.Takes(inputs)
            ? FusedBFloat16
            : new TorchExpertBackend(computeType);

    /// <summary>Gets the name of the backend that computes ordinary experts on the processor in this number type.</summary>
    public static string NameOnProcessor(ScalarType computeType) =>
        computeType == ScalarType.BFloat16 && Brgemm.IsAvailable ? FusedBFloat16.Name : new TorchExpertBackend(computeType).Name;
}
