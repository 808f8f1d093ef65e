using Microsoft.ML.Data;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>A row of output, all columns.</summary>
internal sealed class Scored
{
    public string? Text { get; set; }

    public int Number { get; set; }

    [VectorType(4)]
    public float[] Features { get; set; } = [];

    public float LogLikelihood { get; set; }

    public float Perplexity { get; set; }

    public float BitsPerByte { get; set; }

    public int TokenCount { get; set; }

    public float[] TokenLogLikelihoods { get; set; } = [];

    public float[] ExpertUsage { get; set; } = [];
}
