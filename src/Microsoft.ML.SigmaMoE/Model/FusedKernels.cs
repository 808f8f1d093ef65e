namespace Microsoft.ML.SigmaMoE;

/// <summary>The user's word on this library's own kernels.</summary>
internal static class FusedKernels
{
    /// <summary>Gets whether they may be used; without them experts are computed by libtorch's operations alone.</summary>
    public static bool AreAllowed { get; } = Environment.GetEnvironmentVariable("SIGMAMOE_EXPERTS") != "libtorch"
        && !(AppContext.TryGetSwitch("Microsoft.ML.SigmaMoE.FusedExperts", out var allowed) && !allowed);
}
