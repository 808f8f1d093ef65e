namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>A training run of a case: see the READMEs of the authors' for what the numbers mean.</summary>
internal sealed record TrainSpec(ModelOptions Model, FeedForwardOptions Block)
{
    public int Vocabulary { get; init; } = 19;

    public int Batch { get; init; } = 2;

    public int Steps { get; init; } = 12;

    /// <summary>Gets the steps that the schedule is planned for.</summary>
    public int StopAfter { get; init; } = 15;

    public int StepsPerEpoch { get; init; } = 5;

    public int WarmupSteps { get; init; } = 3;

    public double LearningRate { get; init; } = 5e-4;

    public double ClipNorm { get; init; } = 0.25;

    // large enough that no rounding of a gradient near 0 becomes a whole step
    public double Epsilon { get; init; } = 1e-6;

    public double Beta1 { get; init; } = 0.9;

    public double Beta2 { get; init; } = 0.98;

    /// <summary>Gets the rate of a step, counted from 0.</summary>
    public double RateAt(int step) => step < WarmupSteps
        ? LearningRate / WarmupSteps * (step + 1)
        : LearningRate * (1 + Math.Cos(Math.PI * (step - WarmupSteps) / StopAfter)) / 2;
}
