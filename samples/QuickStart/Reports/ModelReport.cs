namespace QuickStart;

/// <summary>The language models side by side.</summary>
internal static class ModelReport
{
    private static readonly (string Name, Func<TrainedModel, string> Value)[] Rows =
    [
        ("parameters", model => $"{model.Model.Cost.Parameters:N0}"),
        ("feed-forward FLOPs a token", model => $"{model.FeedForwardFlops:N0}"),
        ("training time", model => $"{model.End.Elapsed.TotalSeconds:F1} s"),
        ("steps", model => $"{model.End.Step:N0}"),
        ("tokens read", model => $"{model.End.Tokens:N0}"),
        ("tokens a second", model => $"{model.TokensPerSecond:N0}"),
        ("test rows", model => $"{model.Rows.Count:N0}"),
        ("test perplexity a token", model => $"{model.Test.Perplexity:F2}"),
        ("test bits a byte", model => $"{model.Test.BitsPerByte:F3}"),
    ];

    public static void Print(IReadOnlyList<TrainedModel> models, Screen screen) => screen.Table(
        ["", .. models.Select(model => model.Name)],
        Rows.Select(row => (string[])[row.Name, .. models.Select(row.Value)]));
}
