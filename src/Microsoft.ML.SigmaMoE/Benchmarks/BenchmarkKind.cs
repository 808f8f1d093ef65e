namespace Microsoft.ML.SigmaMoE;

/// <summary>What <see cref="SigmaMoEBenchmark"/> measures.</summary>
public enum BenchmarkKind
{
    /// <summary>One feed-forward block, forward, and forward and backward, router included.</summary>
    Layer,

    /// <summary>A whole training step, beside a simple one, and what its parts take.</summary>
    Step,

    /// <summary>Scoring rows of text, in batches and one by one, and documents of several segments.</summary>
    Score,

    /// <summary>One feed-forward block with one token, and a generated token early and late in a document.</summary>
    Decode,

    /// <summary>The optimiser's step, beside TorchSharp's.</summary>
    AdamW,

    /// <summary>Attention between its projections at several segment lengths, beside libtorch's ways.</summary>
    Attention,
}
