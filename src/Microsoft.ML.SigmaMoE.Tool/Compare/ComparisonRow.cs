namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>One system of a comparison, over all its finished runs.</summary>
internal sealed record ComparisonRow
{
    public required string System { get; init; }

    public required string Title { get; init; }

    public required int Runs { get; init; }

    public required long Parameters { get; init; }

    /// <summary>Gets how many parameters more than σ-MoE it has.</summary>
    public required long ParameterDifference { get; init; }

    /// <summary>Gets its feed-forward work as a share of a dense block's of equal size.</summary>
    public required double FeedForwardShare { get; init; }

    public required Spread Perplexity { get; init; }

    public required Spread BitsPerByte { get; init; }

    public required Spread TokensPerSecond { get; init; }

    public required double TrainedTokens { get; init; }

    public required double PeakMegabytes { get; init; }

    public required double? ExpertEntropy { get; init; }

    public required double? DeadExperts { get; init; }

    public required double PaperPerplexity { get; init; }

    /// <param name="system">The system.</param>
    /// <param name="runs">Its finished runs.</param>
    /// <param name="size">Its size beside those of the others.</param>
    public static ComparisonRow Of(ComparedSystem system, IReadOnlyList<RunResult> runs, SystemSize size) =>
        new()
        {
            System = system.Name,
            Title = system.Title,
            Runs = runs.Count,
            Parameters = runs[0].Parameters,
            ParameterDifference = size.ParameterDifference,
            FeedForwardShare = size.FeedForwardShare,
            Perplexity = Spread.Of([.. runs.Select(run => run.Perplexity)]),
            BitsPerByte = Spread.Of([.. runs.Select(run => run.BitsPerByte)]),
            TokensPerSecond = Spread.Of([.. runs.Select(run => run.TokensPerSecond)]),
            TrainedTokens = runs.Average(run => run.Tokens),
            PeakMegabytes = runs.Average(run => run.PeakBytes) / 1e6,
            ExpertEntropy = runs.Average(run => run.ExpertEntropy),
            DeadExperts = runs.Average(run => run.DeadExperts),
            PaperPerplexity = system.PaperPerplexity,
        };
}
