namespace QuickStart;

/// <summary>The facts about the text.</summary>
internal static class CorpusReport
{
    private const int LabelsShown = 5;

    public static void Print(TextCorpus corpus, CorpusSplit split, TimeSpan time, Screen screen)
    {
        screen.Section("Text");
        screen.Facts(
            ("source", corpus.Description),
            ("documents", $"{corpus.Documents.Count:N0} different ones, {corpus.Utf8Bytes / 1e6:F1} MB, read in {time.TotalSeconds:F1} s"),
            ("parts", $"{split.Train.Count:N0} to train on, {split.Validation.Count:N0} to choose by, {split.Test.Count:N0} to test on"),
            ("classes", Classes(corpus)));
    }

    private static string Classes(TextCorpus corpus)
    {
        if (corpus.Labels.Count == 0)
        {
            return "none";
        }

        var shown = string.Join(", ", corpus.Labels.Take(LabelsShown));
        var rest = corpus.Labels.Count > LabelsShown ? ", …" : "";
        return $"{corpus.Labels.Count} with {corpus.LabelledCount:N0} documents: {shown}{rest}";
    }
}
