namespace QuickStart.Tests;

public sealed class ClassifierScoreTests
{
    [Fact]
    public void Mean_OfScores_AveragesEachNumber() => Assert.Equal(
        new ClassifierScore(0.5, 0.25, 2),
        ClassifierScore.Mean([new(0.25, 0.125, 1), new(0.75, 0.375, 3)]));
}
