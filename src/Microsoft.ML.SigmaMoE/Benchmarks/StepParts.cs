using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Where the time of a <see cref="TrainingStep"/> goes: each part alone, forward and backward, times how often a step
/// has it; their sum; and beside it the whole step, which also has sums along the residual stream.
/// </summary>
internal sealed class StepParts(BenchmarkOptions options, Tensor[] batches)
{
    public IReadOnlyList<BenchmarkResult> Run(CancellationToken cancellationToken) =>
    [
        .. from block in (FeedForwardOptions[])[options.Mixture, options.Dense]
           from type in options.Types
           from result in Run(block, type, cancellationToken)
           select result,
    ];

    private BenchmarkResult[] Run(FeedForwardOptions block, ScalarType type, CancellationToken cancellationToken)
    {
        using var scope = NewDisposeScope();
        using var setups = new Disposables();
        StepPart[] parts = [.. new StepPartMaker(options, batches, setups).Make(block, type)];
        var step = setups.Add(new TrainingStep(options, block, type));
        void Whole(int repetition) => step.Run(batches[repetition % batches.Length]);
        var whole = new Contender("whole step", Contender.Word(type), Whole);
        var title = $"parts of a step, {(block is DenseOptions ? "dense" : "σ-MoE")}";
        var results = new Comparison(title, $"{options.Shape} T{TrainingStep.SegmentLength}", options)
            .Run([.. parts.Select(part => part.Contender), whole], cancellationToken);
        BenchmarkResult[] scaled = [.. parts.Zip(results, (part, result) => part.InAStep(result))];
        return Shares([.. scaled, Sum(title, scaled), results[^1]]);
    }

    private static BenchmarkResult Sum(string title, BenchmarkResult[] parts) => parts[0] with
    {
        Name = $"{title}: sum",
        Milliseconds = parts.Sum(part => part.Milliseconds),
        LowerQuartile = parts.Sum(part => part.LowerQuartile),
        UpperQuartile = parts.Sum(part => part.UpperQuartile),
        PeakBytes = null,
    };

    private static BenchmarkResult[] Shares(BenchmarkResult[] results) =>
        [.. results.Select(result => result with { Share = result.Milliseconds / results[^1].Milliseconds })];
}
