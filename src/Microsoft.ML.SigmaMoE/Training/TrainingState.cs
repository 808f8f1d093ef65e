using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// How far training has come, in numbers; the tensors that go with it are in the <see cref="TrainingSession"/>.
/// </summary>
internal sealed class TrainingState
{
    /// <summary>Gets or sets the number of whole steps.</summary>
    public long Step { get; set; }

    /// <summary>Gets or sets the time spent, over all resumptions.</summary>
    public TimeSpan Elapsed { get; set; }

    /// <summary>Gets or sets the learning rate of the last step.</summary>
    public double LearningRate { get; set; }

    /// <summary>Gets or sets the length of the gradient of the last step that was taken.</summary>
    public double GradientNorm { get; set; }

    /// <summary>Gets or sets what the next step's loss is scaled by, or null where losses are not scaled.</summary>
    public LossScale? LossScale { get; set; }

    /// <summary>Gets what the next step's loss is multiplied by, and its gradient with it.</summary>
    [JsonIgnore]
    public double LossFactor => LossScale?.Value ?? 1;

    /// <summary>
    /// Gets or sets into how many passes a batch is cut, each once a worker, where memory ran out; 0 where the options
    /// say it.
    /// </summary>
    public int GradientAccumulation { get; set; }

    /// <summary>Gets or sets what has been added up since the last report.</summary>
    public IntervalSums Interval { get; set; } = new();

    /// <summary>Gets what has been reported.</summary>
    public List<TrainingProgress> Reports { get; init; } = [];

    /// <summary>Gets or sets the step after which the validation loss was last measured.</summary>
    public long EvaluatedStep { get; set; }

    /// <summary>Gets or sets the validation loss that was last measured.</summary>
    public double? ValidationLoss { get; set; }

    /// <summary>Gets or sets the lowest validation loss.</summary>
    public double? BestValidationLoss { get; set; }

    /// <summary>Gets or sets the step after which it was measured.</summary>
    public long? BestStep { get; set; }

    /// <summary>Gets or sets the number of measurements since.</summary>
    public int MeasurementsSinceBest { get; set; }

    /// <summary>Takes note of a validation loss.</summary>
    /// <returns>Whether it is the lowest so far.</returns>
    public bool Measured(double validationLoss)
    {
        (EvaluatedStep, ValidationLoss) = (Step, validationLoss);
        if (validationLoss < (BestValidationLoss ?? double.PositiveInfinity))
        {
            (BestValidationLoss, BestStep, MeasurementsSinceBest) = (validationLoss, Step, 0);
            return true;
        }

        MeasurementsSinceBest++;
        return false;
    }
}
