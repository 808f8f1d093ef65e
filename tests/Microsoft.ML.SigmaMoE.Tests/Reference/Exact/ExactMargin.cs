using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// How far a choice is from another one: float32 can only be asked to choose as float64 does where the gap between
/// the last that is chosen and the first that is not is wider than rounding.
/// </summary>
internal static class ExactMargin
{
    public const double Least = 2e-5;

    /// <summary>
    /// Gets the least gap over all tokens, relative to the largest score where scores are chosen from.
    /// </summary>
    public static double Of(FeedForwardOptions block, ExactOutput output) => block switch
    {
        MixtureOfExpertsOptions mixture when mixture.ActiveExperts < mixture.ExpertCount =>
            Gap(output.Scores!, mixture.ActiveExperts),
        TopKOptions { RankByContribution: false } topK => PositiveGap(output.Shown["out.hidden"], topK.ActiveChannels),
        _ => double.PositiveInfinity,
    };

    private static double Gap(Tensor scores, int active)
    {
        using var scope = NewDisposeScope();
        var (sorted, _) = scores.detach().sort(-1, descending: true);
        var gaps = sorted.select(-1, active - 1) - sorted.select(-1, active);
        return (gaps / sorted.select(-1, 0).abs().clamp_min(1e-30)).min().item<double>();
    }

    // where fewer than K are above 0, nothing is cut
    private static double PositiveGap(Tensor hidden, int active)
    {
        using var scope = NewDisposeScope();
        var (sorted, _) = hidden.detach().sort(-1, descending: true);
        var (last, next) = (sorted.select(-1, active - 1), sorted.select(-1, active));
        return where(next.greater(zeros_like(next)), last - next, ones_like(last)).min().item<double>();
    }
}
