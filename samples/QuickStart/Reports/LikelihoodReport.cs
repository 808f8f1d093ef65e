namespace QuickStart;

/// <summary>The test texts that a model finds the most and the least likely.</summary>
internal static class LikelihoodReport
{
    private const int Shown = 3;
    private const int FewestTokens = 10;
    private const int MostCharacters = 90;

    public static void Print(TrainedModel model, Screen screen)
    {
        var rows = model.Rows.Where(row => row.TokenCount >= FewestTokens).OrderBy(row => row.BitsPerByte).ToArray();
        screen.Section($"What {model.Name} finds most and least likely in the test text");
        screen.Table(["text", "bits a byte"], rows.Take(Shown).Append(null).Concat(rows.TakeLast(Shown)).Select(Row));
    }

    private static string[] Row(ScoredText? row) => row is null ? ["…", ""] : [Shorten(row.Text), $"{row.BitsPerByte:F2}"];

    private static string Shorten(string text) => text.Length <= MostCharacters ? text : $"{text[..MostCharacters]}…";
}
