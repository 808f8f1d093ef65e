using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Chooses who computes the experts.</summary>
internal static class ExpertBackends
{
    /// <summary>The most tokens that are decoded: with more of them tiles are faster.</summary>
    public const int MostDecoded = 8;

    private static readonly BFloat16ExpertBackend FusedBFloat16 = new();
    private static readonly Float32ExpertBackend FusedFloat32 = new();

    /// <summary>Gets the fastest backend that takes these inputs in this precision.</summary>
    /// <param name="precision">How matrices are multiplied.</param>
    /// <param name="inputs">What experts compute with.</param>
    public static IExpertBackend For(ComputePrecision precision, in ExpertInputs inputs)
    {
        // fused kernels read both matrices alike
        var canFuse = FusedKernels.AreAllowed && inputs.Up.size(2) == inputs.Down.size(2);
        return precision.Type switch
        {
            _ when canFuse && CudaExpertBackend.TryCreate(precision, inputs) is { } cuda => cuda,
            ScalarType.BFloat16 when canFuse && BFloat16ExpertBackend.Takes(inputs) => FusedBFloat16,
            ScalarType.Float32 when canFuse && Float32ExpertBackend.Takes(inputs) => FusedFloat32,
            _ => new TorchExpertBackend(precision.Type),
        };
    }

    /// <summary>Gets whether <see cref="Decode"/> takes these inputs and is faster than a backend.</summary>
    public static bool CanDecode(Tensor tokens, Tensor up) =>
        FusedKernels.AreAllowed && !is_grad_enabled() && tokens.device_type == DeviceType.CPU
            && up.dtype == ScalarType.Float32
        && tokens.numel() <= MostDecoded * up.size(2) && up.numel() < int.MaxValue / sizeof(float);

    /// <summary>
    /// Computes the output of a few tokens by <see cref="ExpertDecoder"/>, which gets the weights that tiles have kept.
    /// </summary>
    public static Tensor Decode(ScalarType computeType, in ExpertInputs inputs, int[] experts, float[] gates)
    {
        var hasTiles = computeType == ScalarType.BFloat16 && BFloat16ExpertBackend.Takes(inputs);
        return ExpertDecoder.Decode(inputs, hasTiles ? BFloat16ExpertBackend.Kept(inputs) : null, experts, gates);
    }

    /// <summary>
    /// Gets the name of the backend that computes ordinary experts on the processor in this number type.
    /// </summary>
    public static string NameOnProcessor(ScalarType computeType) => computeType switch
    {
        ScalarType.BFloat16 when FusedKernels.AreAllowed && Brgemm.IsAvailable => FusedBFloat16.Name,
        ScalarType.Float32 when FusedKernels.AreAllowed && Float32ExpertBackend.IsAvailable => FusedFloat32.Name,
        _ => new TorchExpertBackend(computeType).Name,
    };
}
