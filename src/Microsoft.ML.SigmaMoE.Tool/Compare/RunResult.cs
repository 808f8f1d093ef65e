using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>What one run of a comparison measured.</summary>
internal sealed record RunResult
{
    public required string System { get; init; }

    public required int Seed { get; init; }

    public required long Parameters { get; init; }

    public required long Steps { get; init; }

    /// <summary>Gets the number of tokens trained on.</summary>
    public required long Tokens { get; init; }

    /// <summary>Gets the time of training.</summary>
    public required double Seconds { get; init; }

    /// <summary>Gets the most memory that the process had at the end of training.</summary>
    public required long PeakBytes { get; init; }

    public required long TestTokens { get; init; }

    public required double Perplexity { get; init; }

    public required double BitsPerByte { get; init; }

    /// <summary>
    /// Gets the entropy of how often the test text went to each expert, 1 when all alike, the mean over layers.
    /// </summary>
    public double? ExpertEntropy { get; init; }

    /// <summary>Gets how many experts of all layers no token of the test text went to.</summary>
    public int? DeadExperts { get; init; }

    [JsonIgnore]
    public double TokensPerSecond => Tokens / Seconds;
}
