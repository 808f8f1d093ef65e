using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The sizes that <see cref="SigmaMoEBenchmark"/> measures at. The dense block it compares with has equal parameters.
/// </summary>
public sealed record BenchmarkOptions
{
    /// <summary>Gets the width of the residual stream (d_model, D).</summary>
    public int ModelSize { get; init; } = 512;

    /// <summary>Gets the number of experts (N_E, E).</summary>
    public int ExpertCount { get; init; } = 16;

    /// <summary>Gets the width of one expert's hidden layer (G).</summary>
    public int ExpertSize { get; init; } = 128;

    /// <summary>Gets how many experts each token is sent to (K).</summary>
    public int ActiveExperts { get; init; } = 4;

    /// <summary>Gets the number of tokens (N): of a block's call, or of a step's batch.</summary>
    public int Tokens { get; init; } = 4096;

    /// <summary>
    /// Gets how often each contender runs, in turns; the median counts. Slow ones run less often: for a minute in all,
    /// but at least three times.
    /// </summary>
    public int Repetitions { get; init; } = 15;

    /// <summary>Gets how long contenders run in all; slow ones get fewer repetitions than were asked for.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Gets whether contenders in bfloat16 take part: where the processor only emulates it, a repetition takes half a
    /// minute and says nothing.
    /// </summary>
    internal bool HasBFloat16 { get; init; } = ComputePrecision.ProcessorHasBFloat16;

    /// <summary>Gets the number types that contenders multiply in.</summary>
    internal IReadOnlyList<ScalarType> Types =>
        HasBFloat16 ? [ScalarType.Float32, ScalarType.BFloat16] : [ScalarType.Float32];

    /// <summary>Gets the dense feed-forward block of equal parameters.</summary>
    internal DenseOptions Dense => new() { HiddenSize = ExpertCount * ExpertSize };

    /// <summary>Gets the block with experts.</summary>
    internal MixtureOfExpertsOptions Mixture => new()
    {
        ExpertCount = ExpertCount,
        ExpertSize = ExpertSize,
        ActiveExperts = ActiveExperts,
        Router = new SigmoidRouterOptions(),
    };

    /// <summary>Gets the sizes as one word.</summary>
    internal string Shape => $"D{ModelSize} E{ExpertCount} G{ExpertSize} K{ActiveExperts} N{Tokens}";

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(ModelSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Tokens);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Repetitions);
        ArgumentOutOfRangeException.ThrowIfNotEqual(ModelSize % 2, 0, nameof(ModelSize));
        Mixture.Validate();
    }
}
