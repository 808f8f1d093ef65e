using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Ends a training whose numbers are none any more, and says where and from which checkpoint to go on.
/// </summary>
internal sealed class BreakdownGuard(TrainingSession session, CheckpointKeeper checkpoints)
{
    private long Step => session.State.Step;

    /// <summary>
    /// Looks at what a step computed, before its weights change. A gradient that is no number is borne where the loss
    /// was scaled and can be scaled less.
    /// </summary>
    /// <exception cref="NotFiniteNumberException">The loss or its gradient is not a number.</exception>
    public void CheckStep(double loss, double gradientNorm)
    {
        var isBorne = double.IsFinite(gradientNorm) || session.State.LossScale?.CanShrink() == true;
        if (!double.IsFinite(loss) || !isBorne)
        {
            session.Optimizer.ClearGradients();
            throw BrokeDown(
                $"in step {Step + 1}: the loss is {loss}, the gradient's length {gradientNorm}{AfterSkipping()}",
                double.IsFinite(loss) ? gradientNorm : loss);
        }
    }

    /// <summary>Looks at a validation loss.</summary>
    /// <exception cref="NotFiniteNumberException">It is not a number.</exception>
    public void CheckValidation(double loss)
    {
        if (!double.IsFinite(loss))
        {
            throw BrokeDown($"by step {Step}: the validation loss is {loss}", loss);
        }
    }

    /// <summary>Looks at the weights themselves, for where no loss follows the last step.</summary>
    /// <exception cref="NotFiniteNumberException">One of them is not a number.</exception>
    public void CheckWeights()
    {
        using var scope = NewDisposeScope();
        var sum = session.Network.parameters()
            .Sum(weight => weight.detach().abs().sum(ScalarType.Float64).item<double>());
        if (!double.IsFinite(sum))
        {
            throw BrokeDown($"by step {Step}: weights are not numbers any more", sum);
        }
    }

    private string AfterSkipping() => session.State.LossScale is { SkippedSteps: > 0 and var skipped, Value: var scale }
        ? $" with the loss scaled by {scale} ({skipped} steps were left out because float16 has no room for their gradients; "
            + "bfloat16 and float32 have)"
        : "";

    private NotFiniteNumberException BrokeDown(string what, double number) => new(
        $"Training broke down {what}, at a learning rate of {session.State.LearningRate}. Lower LearningRate or ClipNorm, "
        + $"or lengthen WarmupSteps. {checkpoints.SetBrokenAside()}",
        number);
}
