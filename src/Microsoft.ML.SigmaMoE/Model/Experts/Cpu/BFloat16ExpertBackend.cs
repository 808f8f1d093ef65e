using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Experts in bfloat16 with float32 accumulation on a processor that has it: fused tiles over <see cref="Brgemm"/>. For
/// a given number of threads results never change.
/// </summary>
internal sealed class BFloat16ExpertBackend : IExpertBackend
{
    public string Name => "fused bfloat16 tiles on the processor";

    /// <summary>Gets whether this backend can compute the given inputs.</summary>
    public static bool Takes(in ExpertInputs inputs) =>
        Brgemm.IsAvailable && inputs.Tokens.device_type == DeviceType.CPU
        && Math.Max(inputs.Up.numel(), inputs.Tokens.numel()) < int.MaxValue / sizeof(float);

    /// <summary>Gets the packed weights that are kept where they do not change, or null.</summary>
    public static PackedExperts? Kept(in ExpertInputs inputs)
    {
        var (up, down) = (inputs.Up, inputs.Down);
        return up.is_contiguous() && down.is_contiguous()
            ? inputs.Frozen?.Keep(up, () => PackedExperts.All(up, down))
            : null;
    }

    public ExpertForward Forward(in ExpertInputs inputs, ExpertBatch batch, Tensor? mask) =>
        ActivationKernels.Of(inputs.Activation).BFloat16.Forward(inputs, batch, mask);

    public ExpertGradients Backward(
        Tensor gradient, in ExpertInputs inputs, ExpertBatch batch, Tensor? mask, Tensor hidden) =>
        ActivationKernels.Of(inputs.Activation).BFloat16.Backward(gradient, inputs, batch, mask, hidden);
}
