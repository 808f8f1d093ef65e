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
        var timings = Timing.Interleave(contenders, options.Repetitions, options.Patience, cancellationToken);
        var medians = contenders.Zip(timings).ToDictionary(pair => pair.First, pair => pair.Second.Median);
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
            RatioToDenseBf16 = Ratio(contender, DenseBFloat16, medians),
            RatioToDenseFloat32 = Ratio(contender, DenseFloat32.MinBy(dense => medians[dense]), medians),
            RatioToBaseline = Ratio(contender, Baseline, medians),
            ErrorVsReference = contender.Error,
            PeakBytes = ResidentMemory.PeakOf(() => contender.Run(0)),
        })];
    }

    // What disagrees with the reference is no measure either.
    private static double? Ratio(Contender contender, Contender? of, Dictionary<Contender, double> medians) =>
        of is { Agrees: true } && contender.Agrees ? medians[of] / medians[contender] : null;
}
