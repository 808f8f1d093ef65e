namespace QuickStart.Tests;

public sealed class PlanTests
{
    [Theory]
    [InlineData(1, 15)]
    [InlineData(4, 85)]
    [InlineData(60, 1765)]
    public void For_Minutes_LeavesTimeForTheRest(double minutes, double secondsEach) =>
        Assert.Equal(secondsEach, Plan.For(new() { Minutes = minutes }).TrainingTime.TotalSeconds);

    [Fact]
    public void For_Quick_CutsEverythingDown()
    {
        var (quick, full) = (Plan.For(new() { Quick = true }), Plan.For(new()));
        Assert.True(quick.TrainingTime < full.TrainingTime / 5);
        Assert.True(quick.Draws < full.Draws && quick.MostTestRows < full.MostTestRows);
        Assert.Equal(full.RowsPerClass, quick.RowsPerClass);
    }
}
