namespace Microsoft.ML.SigmaMoE.Tool.Tests;

public sealed class ChartAxisTests
{
    [Theory]
    [InlineData(0, 10, 0, 2, 5)]
    [InlineData(2.31, 5.87, 2, 1, 4)]
    [InlineData(-3, 4, -3, 1, 7)]
    [InlineData(0, 900000, 0, 200000, 5)]
    [InlineData(7, 7, 7, 1, 1)]
    public void Over_AnyValues_IsRoundAndHoldsThemAll(double least, double most, double start, double step, int count)
    {
        var axis = ChartAxis.Over([most, least]);
        Assert.Equal(new ChartAxis(start, step, count), axis);
        Assert.InRange(axis.Share(least), 0, 1);
        Assert.InRange(axis.Share(most), 0, 1);
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(0.25, "0.25")]
    [InlineData(-20000, "-20k")]
    [InlineData(1500000, "1.5M")]
    public void Label_ANumber_IsShort(double tick, string label) => Assert.Equal(label, ChartAxis.Label(tick));
}
