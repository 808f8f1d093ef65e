namespace Microsoft.ML.SigmaMoE;

/// <summary>Measures contenders and sets their results side by side.</summary>
/// <param name="title">What is measured.</param>
/// <param name="shape">The sizes.</param>
/// <param name="options">How often.</param>
internal sealed class Comparison(string title, string shape, BenchmarkOptions options)
{
    /// <summary>Gets or sets the contender that ratios to dense bfloat16 are of.</summary>
    public Contender? DenseBFloat16 { get; init; }

    /// <summary>Gets or sets the contenders of which the fastest is what ratios to dense float32 are of.</summary>
    public IReadOnlyList<Contender> DenseFloat32 { get; init; } = [];

    /// <summary>Gets or sets the contender that other ratios are of.</summary>
    public Contender? Baseline { get; init; }

    /// <summary>Measures.</summary>
    public IReadOnlyList<BenchmarkResult> Run(IReadOnlyList<Contender> contenders, CancellationToken cancellationToken)
    {
        var timings = Timing.Interleave(contenders, options.Repetitions, Timing.Patience, cancellationToken);
        var medians = contenders.Zip(timings).ToDictionary(pair => pair.First, pair => pair.Second.Median);
        var float32 = DenseFloat32.Count == 0 ? (double?)null : DenseFloat32.Min(dense => medians[dense]);
        return [.. contenders.Zip(timings, (contender, timing) => new BenchmarkResult
        {
            Name = $"{title}: {contender.Name}",
            Device = "cpu",
            Shape = shape,
            Precision = contender.Precision,
            Milliseconds = timing.Median,
            LowerQuartile = timing.LowerQuartile,
            UpperQuartile = timing.UpperQuartile,
            Baseline = Baseline?.Name,
            RatioToDenseBf16 = Ratio(contender, DenseBFloat16 is null ? null : medians[DenseBFloat16], timing),
            RatioToDenseFloat32 = Ratio(contender, float32, timing),
            RatioToBaseline = Ratio(contender, Baseline is null ? null : medians[Baseline], timing),
            ErrorVsReference = contender.Error,
            PeakBytes = ResidentMemory.PeakOf(() => contender.Run(0)),
        })];
    }

    private static double? Ratio(Contender contender, double? of, Timing timing) => contender.Agrees ? of / timing.Median : null;
}
