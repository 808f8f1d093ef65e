namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// What a loss is multiplied by before its gradient is taken, so that small gradients do not vanish in float16: as much
/// as large ones allow. A gradient that is no number shows that it was too much: its step is left out, and the scale
/// halves. After <see cref="Patience"/> steps without such a one it doubles. It is a power of two, so that taking it
/// out again rounds nothing.
/// </summary>
/// <param name="Value">The factor.</param>
/// <param name="GoodSteps">How many steps were taken since it last changed.</param>
/// <param name="SkippedSteps">How many steps were left out in all.</param>
internal sealed record LossScale(double Value = 65536, int GoodSteps = 0, long SkippedSteps = 0)
{
    /// <summary>How many steps without a fault make it double.</summary>
    public const int Patience = 2000;

    // what overflows without any scaling overflows for another reason
    private const double Least = 1;

    /// <summary>Tells whether a step may be left out for a smaller scale.</summary>
    public bool CanShrink() => Value > Least;

    /// <summary>Gets the scale of the step after one whose gradient has this length.</summary>
    public LossScale After(double gradientNorm) =>
        !double.IsFinite(gradientNorm) ? new(Value / 2, 0, SkippedSteps + 1)
        : GoodSteps + 1 == Patience ? new(2 * Value, 0, SkippedSteps)
        : this with { GoodSteps = GoodSteps + 1 };
}
