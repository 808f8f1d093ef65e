using Microsoft.ML.SigmaMoE;

namespace QuickStart;

/// <summary>Puts what training reports into words.</summary>
internal sealed class TrainingDisplay(IProgress<WorkState> display, TimeSpan time) : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress value) => display.Report(new(
        Math.Min(1, value.Elapsed / time),
        $"step {value.Step:N0}, perplexity {value.Perplexity:N1}, {value.TokensPerSecond:N0} tokens/s"));
}
