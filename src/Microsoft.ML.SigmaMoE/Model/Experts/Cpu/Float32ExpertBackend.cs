using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Experts in float32 on any processor with AVX-512 or AVX2, in managed code alone: fused tiles over
/// <see cref="RegisterTiles{TLanes, TVector}"/>. For a given number of threads results never change.
/// </summary>
internal sealed class Float32ExpertBackend : IExpertBackend
{
    public string Name => $"fused float32 tiles, {(Vector512.IsHardwareAccelerated ? "AVX-512" : "AVX2")}";

    /// <summary>Gets whether this processor is one.</summary>
    public static bool IsAvailable => Processor.HasRegisterTiles;

    /// <summary>Gets whether this backend can compute the given inputs.</summary>
    public static bool Takes(in ExpertInputs inputs) =>
        IsAvailable && inputs.Tokens.device_type == DeviceType.CPU
        && Math.Max(inputs.Up.numel(), inputs.Tokens.numel()) < int.MaxValue / sizeof(float);

    public ExpertForward Forward(in ExpertInputs inputs, ExpertBatch batch, Tensor? mask) =>
        ActivationKernels.Of(inputs.Activation).Float32.Forward(inputs, batch, mask);

    public ExpertGradients Backward(
        Tensor gradient, in ExpertInputs inputs, ExpertBatch batch, Tensor? mask, Tensor hidden) =>
        ActivationKernels.Of(inputs.Activation).Float32.Backward(gradient, inputs, batch, mask, hidden);
}
