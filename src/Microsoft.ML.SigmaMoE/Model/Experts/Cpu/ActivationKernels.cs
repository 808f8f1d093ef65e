using System.Runtime.Intrinsics;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// What the processor computes experts of one activation with: the only place where names of activations become code.
/// </summary>
internal abstract class ActivationKernels
{
    private static readonly ActivationKernels Relu = new For<VectorRelu>();
    private static readonly ActivationKernels Gelu = new For<VectorGelu>();
    private static readonly ActivationKernels GeluTanh = new For<VectorGeluTanh>();
    private static readonly ActivationKernels Silu = new For<VectorSilu>();

    /// <summary>Gets the experts in float32.</summary>
    public abstract IExpertPasses Float32 { get; }

    /// <summary>Gets the experts in bfloat16.</summary>
    public abstract IExpertPasses BFloat16 { get; }

    /// <summary>Gets the activation of a few numbers.</summary>
    public abstract ActivationRow Row { get; }

    /// <summary>Gets the kernels of an activation.</summary>
    public static ActivationKernels Of(Activation activation) => activation switch
    {
        Activation.Relu => Relu,
        Activation.Gelu => Gelu,
        Activation.GeluTanh => GeluTanh,
        Activation.Silu => Silu,
        _ => throw new ArgumentOutOfRangeException(
            nameof(activation), activation, $"There is no activation {activation}."),
    };

    private sealed class For<TActivation> : ActivationKernels
        where TActivation : struct, IVectorActivation
    {
        public override IExpertPasses Float32 { get; } = Vector512.IsHardwareAccelerated
            ? new Float32Experts<Lanes512, Vector512<float>, TActivation>()
            : new Float32Experts<Lanes256, Vector256<float>, TActivation>();

        public override IExpertPasses BFloat16 { get; } = new BFloat16Experts<TActivation>();

        public override ActivationRow Row { get; } = new ActivationRow<TActivation>();
    }
}
