using Microsoft.ML;

namespace QuickStart;

/// <summary>The contest that the sample is about: counts of words or characters, a language model, and both.</summary>
/// <param name="Classical">Every classical contender.</param>
/// <param name="LanguageModel">The language model alone.</param>
/// <param name="Both">The language model and the best classical contender.</param>
internal sealed record FeatureContest(
    IReadOnlyList<ContestResult> Classical, ContestResult LanguageModel, ContestResult Both)
{
    // as long as the counts, the few features of the model would outweigh them; tried on validation rows: 0.3, 0.5,
    // 0.6, 1, 2
    private const float OwnWeight = 0.3f;

    /// <summary>Gets the classical contender that did best on the validation rows.</summary>
    public ContestResult BestClassical => Classical.MaxBy(result => result.Validation.MacroAccuracy)!;

    /// <summary>Gets the contender with a language model that did best on the validation rows.</summary>
    public ContestResult BestWithLanguageModel =>
        Both.Validation.MacroAccuracy > LanguageModel.Validation.MacroAccuracy ? Both : LanguageModel;

    public static FeatureContest Run(
        MLContext context, ClassificationTask task, CorpusSplit split, TrainedModel model, IProgress<WorkState> progress)
    {
        var contest = new Contest(context, task);
        progress.Report(new(0, "classical features"));
        ContestResult[] classical = [.. ClassicalContenders.Fit(context, split.Train).Select(contest.Enter)];
        progress.Report(new(0.5, "features of the language model"));
        var own = contest.Enter(LanguageModelContender.Fit(context, model, task));
        progress.Report(new(0.75, "both"));
        var best = classical.MaxBy(result => result.Validation.MacroAccuracy)!;
        return new(classical, own, contest.Enter(Contender.Join(context, own.Contender.Weigh(context, OwnWeight), best.Contender)));
    }
}
