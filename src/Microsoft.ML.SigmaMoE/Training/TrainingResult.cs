namespace Microsoft.ML.SigmaMoE;

/// <summary>How a training went. The reports stay with the model.</summary>
internal sealed record TrainingResult
{
    /// <summary>Gets the reports, one row each, from the first step on.</summary>
    public required IReadOnlyList<TrainingProgress> Reports { get; init; }

    /// <summary>Gets why the training ended.</summary>
    public required TrainingEnd End { get; init; }

    /// <summary>Gets the number of steps.</summary>
    public required long Steps { get; init; }

    /// <summary>Gets the lowest validation loss, or null where none was measured.</summary>
    public double? BestValidationLoss { get; init; }

    /// <summary>Gets the step whose weights had it.</summary>
    public long? BestStep { get; init; }

    /// <summary>
    /// Gets the step whose weights the model has: <see cref="BestStep"/> where those were put back, else the last.
    /// </summary>
    public required long WeightsOfStep { get; init; }
}
