using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Chooses who sums gathered rows.</summary>
internal static class GatherBackends
{
    private static readonly CpuGatherBackend Vectors = new();
    private static readonly TorchGatherBackend Libtorch = new();

    /// <summary>Gets the fastest backend that takes these inputs.</summary>
    public static IGatherBackend For(in GatherInputs inputs) =>
        !FusedKernels.AreAllowed ? Libtorch
        : CudaGatherBackend.TryCreate(inputs) is { } cuda ? cuda
        : CpuGatherBackend.Takes(inputs) ? Vectors
        : Libtorch;
}
