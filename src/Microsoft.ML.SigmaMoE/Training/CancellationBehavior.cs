using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// What training does when it is cancelled. A checkpoint is written in every case, if there is a directory for it.
/// </summary>
[JsonConverter(typeof(EnumNameConverter<CancellationBehavior>))]
public enum CancellationBehavior
{
    /// <summary>Throws <see cref="OperationCanceledException"/>.</summary>
    Throw,

    /// <summary>Ends as if finished, with the weights of the last whole step.</summary>
    ReturnCurrent,

    /// <summary>
    /// Ends as if finished, with the weights of the lowest validation loss; without any, those of the last step.
    /// </summary>
    ReturnBest,
}
