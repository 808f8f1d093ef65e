namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Hands every report to a function, at once and on the training thread.</summary>
internal sealed class Reports(Action<TrainingProgress> onReport) : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress value) => onReport(value);
}
