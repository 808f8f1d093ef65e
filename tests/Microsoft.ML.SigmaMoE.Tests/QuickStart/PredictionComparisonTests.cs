namespace QuickStart.Tests;

public sealed class PredictionComparisonTests
{
    private static readonly Prediction[] Rows = [new("a", "x", [0.25f, 0.75f]), new("b", null, [-3])];

    [Fact]
    public void Of_TheSamePredictions_Agrees()
    {
        var comparison = PredictionComparison.Of(Rows, Rows);
        Assert.Equal(new PredictionComparison(2, 2, 0), comparison);
        Assert.True(comparison.Agrees);
    }

    [Fact]
    public void Of_AnotherLabel_Disagrees()
    {
        var comparison = PredictionComparison.Of(Rows, [Rows[0] with { Label = "y" }, Rows[1]]);
        Assert.Equal(1, comparison.SameLabels);
        Assert.False(comparison.Agrees);
    }

    [Theory]
    [InlineData(-3.5f)]
    [InlineData(float.NaN)]
    public void Of_AnotherScore_Disagrees(float score) =>
        Assert.False(PredictionComparison.Of(Rows, [Rows[0], Rows[1] with { Scores = [score] }]).Agrees);

    [Fact]
    public void Of_FewerScores_Disagrees() =>
        Assert.False(PredictionComparison.Of(Rows, [Rows[0] with { Scores = [0.25f] }, Rows[1]]).Agrees);
}
