namespace Microsoft.ML.SigmaMoE;

/// <summary>The user's word on this library's own kernels.</summary>
internal static class FusedKernels
{
    /// <summary>
    /// Gets whether they may be used: those of experts, of routers on a GPU, of gathered sums, and of products of few
    /// rows. Without them libtorch's operations compute the same.
    /// </summary>
    public static bool AreAllowed { get; } = Environment.GetEnvironmentVariable("SIGMAMOE_EXPERTS") != "libtorch"
        && !(AppContext.TryGetSwitch("Microsoft.ML.SigmaMoE.FusedExperts", out var allowed) && !allowed);
}
