namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>Writes what training reports into metrics.csv, and puts it into words.</summary>
internal sealed class TrainingDisplay(IProgress<WorkState> progress, RunLog log, Shell shell)
    : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress value)
    {
        log.Append(value);
        if (value.Notice is { } notice && !shell.IsJson)
        {
            shell.Errors.WriteLine(notice);
        }

        if (shell.IsJson)
        {
            shell.Output.WriteLine(JsonLine.Of(new
            {
                Event = "training",
                Done = Share(value),
                Text = Words(value),
                value.Step,
                value.MaxSteps,
                value.Tokens,
                value.Loss,
                value.ValidationLoss,
                value.LearningRate,
                value.TokensPerSecond,
                Seconds = value.Elapsed.TotalSeconds,
                value.LossScale,
                SkippedSteps = value.LossScale is null ? (long?)null : value.SkippedSteps,
                value.Notice,
            }));
        }
        else
        {
            progress.Report(new(Share(value), Words(value)));
        }
    }

    private static double? Share(TrainingProgress value)
    {
        var left = value.Remaining;
        return left is null ? null : value.Elapsed / (value.Elapsed + left.Value);
    }

    private static string Words(TrainingProgress value)
    {
        var left = value.Remaining is { } time ? $", {time:h\\:mm\\:ss} left" : "";
        var skipped = value.SkippedSteps > 0 ? $", {value.SkippedSteps:N0} steps skipped" : "";
        return $"step {value.Step:N0}, perplexity {value.Perplexity:N1}, {value.TokensPerSecond:N0} tokens/s{skipped}{left}";
    }
}
