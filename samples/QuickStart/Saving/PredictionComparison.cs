namespace QuickStart;

/// <summary>How far predictions of two processes agree.</summary>
/// <param name="RowCount">The number of rows.</param>
/// <param name="SameLabels">How many got the same class.</param>
/// <param name="LargestDifference">The largest difference of a score.</param>
internal sealed record PredictionComparison(int RowCount, int SameLabels, double LargestDifference)
{
    // bfloat16 sums differ in their last bits when rows share a batch with others
    private const double Tolerance = 1e-3;

    public bool Agrees => SameLabels == RowCount && LargestDifference <= Tolerance;

    public static PredictionComparison Of(IReadOnlyList<Prediction> expected, IReadOnlyList<Prediction> actual) => new(
        expected.Count,
        expected.Zip(actual).Count(pair => pair.First.Label == pair.Second.Label),
        expected.Zip(actual).Select(pair => Distance(pair.First.Scores, pair.Second.Scores)).DefaultIfEmpty().Max());

    private static double Distance(float[] first, float[] second)
    {
        var largest = first.Length == second.Length ? 0.0 : double.PositiveInfinity;
        foreach (var (one, other) in first.Zip(second))
        {
            var difference = Math.Abs((double)one - other);
            largest = Math.Max(largest, double.IsNaN(difference) ? double.PositiveInfinity : difference);
        }

        return largest;
    }
}
