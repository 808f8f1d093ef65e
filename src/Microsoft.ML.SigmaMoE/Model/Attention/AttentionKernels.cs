using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Which kernel computes relative attention on the processor.</summary>
internal static class AttentionKernels
{
    private static readonly BFloat16AttentionKernel BFloat16 = new();
    private static readonly IAttentionKernel Float32 = Vector512.IsHardwareAccelerated
        ? new Float32AttentionKernel<Lanes512, Vector512<float>>()
        : new Float32AttentionKernel<Lanes256, Vector256<float>>();

    /// <summary>Gets the kernel for a number type, or null where there is none.</summary>
    public static IAttentionKernel? Of(ScalarType type) => type switch
    {
        ScalarType.BFloat16 when Brgemm.IsAvailable => BFloat16,
        ScalarType.Float32 when Processor.HasRegisterTiles => Float32,
        _ => null,
    };
}
