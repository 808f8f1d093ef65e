namespace Microsoft.ML.SigmaMoE;

/// <summary>Why a training ended.</summary>
internal enum TrainingEnd
{
    /// <summary>It reached its limit of steps, epochs or time.</summary>
    Finished,

    /// <summary>The validation loss had stopped falling.</summary>
    StoppedEarly,

    /// <summary>It was cancelled.</summary>
    Cancelled,
}
