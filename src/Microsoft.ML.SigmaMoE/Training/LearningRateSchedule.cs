namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Linear warm-up, then half a cosine from the peak down to the minimum:
/// step i &lt; warm-up: peak · (i + 1) / warm-up; else minimum + (peak − minimum) · (1 + cos π f) / 2 with
/// f = (i − warm-up) / steps. As in the authors' code the warm-up shifts the cosine but does not shorten its period, so
/// with a warm-up the last step is a little above the minimum. Where time limits the training, f is at least the share
/// of the time that has passed, so the minimum is reached by whichever limit comes first.
/// </summary>
/// <param name="Peak">The largest rate.</param>
/// <param name="Minimum">The rate at the end of the cosine.</param>
/// <param name="WarmupSteps">The length of the warm-up.</param>
/// <param name="Steps">The period of the cosine, or null where only time limits the training.</param>
internal sealed record LearningRateSchedule(double Peak, double Minimum, int WarmupSteps, long? Steps)
{
    /// <summary>Gets the rate of a step.</summary>
    /// <param name="step">The step, the first being 0.</param>
    /// <param name="timeShare">The share of the allowed time that has passed; 0 without a limit.</param>
    public double At(long step, double timeShare = 0)
    {
        if (step < WarmupSteps)
        {
            return Peak * (step + 1) / WarmupSteps;
        }

        var share = Math.Min(1, Math.Max(timeShare, Steps is { } steps ? (double)(step - WarmupSteps) / steps : 0));
        return Minimum + ((Peak - Minimum) * (1 + Math.Cos(Math.PI * share)) / 2);
    }
}
