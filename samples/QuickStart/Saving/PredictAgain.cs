using System.Diagnostics;

namespace QuickStart;

/// <summary>What the second process does: load, predict, compare, say so.</summary>
internal static class PredictAgain
{
    /// <returns>0 if it predicts what the first process predicted, 2 if not.</returns>
    public static int Run(string folder, TextWriter output)
    {
        var watch = Stopwatch.StartNew();
        var comparison = new SavedPipeline(folder).Compare();
        output.WriteLine(
            $"process {Environment.ProcessId}: {comparison.SameLabels} of {comparison.RowCount} predictions are the same, scores "
            + $"differ by at most {comparison.LargestDifference:G2} ({watch.Elapsed.TotalSeconds:F1} s)");
        return comparison.Agrees ? 0 : 2;
    }
}
