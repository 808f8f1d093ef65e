namespace QuickStart;

/// <summary>Who did how well at classification.</summary>
internal static class ContestReport
{
    private static readonly string[] Head = ["features", "macro accuracy", "micro accuracy", "log-loss", "learner"];

    public static void Print(ClassificationTask task, IReadOnlyList<ContestResult> results, Screen screen)
    {
        screen.Line(
            $"{task.Labels.Count} classes, {task.Test.Count:N0} test rows, means over {task.Draws.Count} draw(s) of labelled rows; "
            + "validation rows chose each learner.");
        screen.Table(Head, results.Select(Row));
    }

    private static string[] Row(ContestResult result) =>
    [
        result.Contender.Name,
        $"{result.Test.MacroAccuracy:F3}",
        $"{result.Test.MicroAccuracy:F3}",
        $"{result.Test.LogLoss:F3}",
        result.Learner,
    ];
}
