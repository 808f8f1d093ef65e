namespace QuickStart;

/// <summary>What became of the saved pipeline in another process.</summary>
internal static class SavingReport
{
    public static void Print(SavedPipeline saved, string said, Screen screen)
    {
        screen.Section("Saved, and loaded by a second process");
        screen.Facts(
            ("model", $"{saved.ModelPath}, {new FileInfo(saved.ModelPath).Length / 1e6:F1} MB"),
            ("second process", said));
    }
}
