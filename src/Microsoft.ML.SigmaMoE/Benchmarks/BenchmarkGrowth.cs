namespace Microsoft.ML.SigmaMoE;

/// <summary>What grows in <see cref="SigmaMoEBenchmark.Grow"/>, all else staying.</summary>
public enum BenchmarkGrowth
{
    /// <summary>The number of tokens (N).</summary>
    Tokens,

    /// <summary>The width of the residual stream (D).</summary>
    ModelSize,

    /// <summary>The number of experts (E).</summary>
    ExpertCount,

    /// <summary>The width of one expert's hidden layer (G).</summary>
    ExpertSize,

    /// <summary>How many experts each token is sent to (K).</summary>
    ActiveExperts,

    /// <summary>
    /// The segment length of attention, with a memory as long (T); what is measured is attention then.
    /// </summary>
    SegmentLength,
}
