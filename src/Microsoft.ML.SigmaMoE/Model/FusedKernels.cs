namespace Microsoft.ML.SigmaMoE;

/// <summary>The user's word on this library's own kernels.</summary>
internal static class FusedKernels
{
    /// <summary>Gets whether they may be used; without them libtorch's operations alone compute experts, and sums of a product-key memory's values.</summary>
    public static bool AreAllowed { get; } = Environment.GetEnvironmentVariable("SIGMAMOE_EXPERTS") != "libtorch"
        && !(AppContext.TryGetSwitch("Microsoft.ML.SigmaMoE.FusedExperts", out var allowed) && !allowed);
}
