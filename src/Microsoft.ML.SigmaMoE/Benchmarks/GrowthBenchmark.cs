namespace Microsoft.ML.SigmaMoE;

/// <summary>A feed-forward block, or attention, forward and backward at five sizes, each twice the last.</summary>
internal sealed class GrowthBenchmark(BenchmarkGrowth what, BenchmarkOptions options)
{
    private const int Count = 5;
    private const int Doublings = 4;

    /// <summary>
    /// Gets the sizes: the given one in the middle, where two are possible on either side; at times fewer.
    /// </summary>
    public IReadOnlyList<int> Sizes
    {
        get
        {
            var all = Enumerable.Range(-Doublings, 2 * Doublings + 1)
                .Select(Doubled)
                .Distinct()
                .Where(IsPossible)
                .ToArray();
            var given = Array.IndexOf(all, Size);
            return all[Math.Clamp(given - Count / 2, 0, Math.Max(0, all.Length - Count))..].Take(Count).ToArray();
        }
    }

    public IReadOnlyList<BenchmarkResult> Run(CancellationToken cancellationToken) =>
        [.. from size in Sizes from result in Run(size, cancellationToken) select result with { Size = size }];

    private IReadOnlyList<BenchmarkResult> Run(int size, CancellationToken cancellationToken) =>
        what == BenchmarkGrowth.SegmentLength
            ? new AttentionBenchmark(options).Run(size, cancellationToken)
            : new LayerBenchmark(With(size)).ForwardAndBackward(cancellationToken);

    private int Size => what switch
    {
        BenchmarkGrowth.Tokens => options.Tokens,
        BenchmarkGrowth.ModelSize => options.ModelSize,
        BenchmarkGrowth.ExpertCount => options.ExpertCount,
        BenchmarkGrowth.ExpertSize => options.ExpertSize,
        BenchmarkGrowth.ActiveExperts => options.ActiveExperts,
        BenchmarkGrowth.SegmentLength => TrainingStep.SegmentLength,
        _ => throw new ArgumentOutOfRangeException(nameof(what), what, $"There is no growth of {what}."),
    };

    private BenchmarkOptions With(int size) => what switch
    {
        BenchmarkGrowth.Tokens => options with { Tokens = size },
        BenchmarkGrowth.ModelSize => options with { ModelSize = size },
        BenchmarkGrowth.ExpertCount => options with { ExpertCount = size },
        BenchmarkGrowth.ExpertSize => options with { ExpertSize = size },
        BenchmarkGrowth.ActiveExperts => options with { ActiveExperts = size },
        _ => options,
    };

    // A model's width is even.
    private int Doubled(int times)
    {
        var size = times < 0 ? Size >> -times : Size << times;
        return what == BenchmarkGrowth.ModelSize ? size + size % 2 : size;
    }

    private bool IsPossible(int size) =>
        size > 0 && With(size) is var sizes && sizes.ActiveExperts <= sizes.ExpertCount;
}
