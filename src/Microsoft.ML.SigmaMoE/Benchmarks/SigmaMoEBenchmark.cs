using TorchSharp;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Measures this library on the running machine, so that anyone can repeat its numbers: contenders in turns, warmed up,
/// with new inputs and so a new routing at every repetition, after a comparison with a reference that is too simple to
/// be wrong. A contender that disagrees with it gets no ratios.
/// </summary>
public static class SigmaMoEBenchmark
{
    /// <summary>Measures on the processor.</summary>
    /// <param name="kind">What to measure.</param>
    /// <param name="options">The sizes; null for the defaults.</param>
    /// <param name="cancellationToken">Looked at before every repetition.</param>
    /// <exception cref="DllNotFoundException">libtorch is missing, or the system is too old for it.</exception>
    public static IReadOnlyList<BenchmarkResult> Run(
        BenchmarkKind kind, BenchmarkOptions? options = null, CancellationToken cancellationToken = default)
    {
        options = Ready(options);
        using var scope = torch.NewDisposeScope();
        return kind switch
        {
            BenchmarkKind.Layer => new LayerBenchmark(options).Run(cancellationToken),
            BenchmarkKind.Step => new StepBenchmark(options).Run(cancellationToken),
            BenchmarkKind.Score => [.. new ScoreBenchmark(options).Run(cancellationToken), .. new DocumentBenchmark(options).Run(cancellationToken)],
            BenchmarkKind.Decode => new DecodeBenchmark(options).Run(cancellationToken),
            BenchmarkKind.AdamW => new AdamWBenchmark(options).Run(cancellationToken),
            BenchmarkKind.Attention => new AttentionBenchmark(options).Run(cancellationToken),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, $"There is no benchmark {kind}."),
        };
    }

    /// <summary>
    /// Measures how the cost of a feed-forward block, forward and backward, grows with one of its sizes, or that of
    /// attention with the segment length: at five sizes around the given one, each twice the one before.
    /// </summary>
    /// <param name="what">What grows.</param>
    /// <param name="options">The sizes around which it grows; null for the defaults.</param>
    /// <param name="cancellationToken">Looked at before every repetition.</param>
    /// <returns>Results by <see cref="BenchmarkResult.Size"/>, the smallest first; at times of fewer sizes.</returns>
    /// <exception cref="DllNotFoundException">libtorch is missing, or the system is too old for it.</exception>
    public static IReadOnlyList<BenchmarkResult> Grow(
        BenchmarkGrowth what, BenchmarkOptions? options = null, CancellationToken cancellationToken = default)
    {
        options = Ready(options);
        using var scope = torch.NewDisposeScope();
        return new GrowthBenchmark(what, options).Run(cancellationToken);
    }

    private static BenchmarkOptions Ready(BenchmarkOptions? options)
    {
        options ??= new();
        options.Validate();
        TorchRuntime.EnsureLoadable();
        return options;
    }
}
