namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>One training in a row; NaN where it has no such number.</summary>
internal sealed record RunSummary
{
    public required string Run { get; init; }

    public required double Steps { get; init; }

    public required double Tokens { get; init; }

    public required double Seconds { get; init; }

    /// <summary>Gets the training loss of the last report.</summary>
    public required double Loss { get; init; }

    /// <summary>Gets the lowest validation loss.</summary>
    public required double ValidationLoss { get; init; }

    public double TokensPerSecond => Tokens / Seconds;

    public static RunSummary Of(string name, MetricsTable metrics)
    {
        var last = metrics.Rows[^1];
        return new()
        {
            Run = name,
            Steps = last["step"],
            Tokens = last["tokens"],
            Seconds = last["seconds"],
            Loss = last["loss"],
            ValidationLoss = metrics.Rows
                .Select(row => row["validation_loss"])
                .Where(double.IsFinite)
                .DefaultIfEmpty(double.NaN)
                .Min(),
        };
    }
}
