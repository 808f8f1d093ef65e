namespace QuickStart;

/// <summary>Who did how well at classification.</summary>
internal static class ContestReport
{
    private static readonly string[] Head = ["features", "macro accuracy", "micro accuracy", "log-loss", "learner"];

    public static void Print(ClassificationTask task, FeatureContest contest, Screen screen)
    {
        screen.Section($"Naming the class of a text after seeing {task.RowsPerClass} labelled rows of each");
        screen.Line(
            $"{task.Labels.Count} classes, {task.Test.Count:N0} test rows; means over {task.Draws.Count} draw(s) of labelled rows. "
            + $"{task.Validation.Count:N0} validation rows chose each learner.");
        screen.Table(Head, contest.Classical.Append(contest.LanguageModel).Append(contest.Both).Select(Row));
        var best = contest.BestClassical.Test.MacroAccuracy;
        screen.Line(
            $"Against {contest.BestClassical.Contender.Name}, in points of macro accuracy: the language model "
            + $"{Points(contest.LanguageModel, best)}, both together {Points(contest.Both, best)}.");
    }

    private static string Points(ContestResult result, double best) => $"{100 * (result.Test.MacroAccuracy - best):+0.0;-0.0;0.0}";

    private static string[] Row(ContestResult result) =>
    [
        result.Contender.Name,
        $"{result.Test.MacroAccuracy:F3}",
        $"{result.Test.MicroAccuracy:F3}",
        $"{result.Test.LogLoss:F3}",
        result.Learner,
    ];
}
