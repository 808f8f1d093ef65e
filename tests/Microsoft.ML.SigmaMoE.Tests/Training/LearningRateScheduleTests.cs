namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class LearningRateScheduleTests
{
    [Fact]
    public void At_NoWarmup_FallsAsHalfACosine()
    {
        var schedule = new LearningRateSchedule(Peak: 2, Minimum: 0, WarmupSteps: 0, Steps: 4);
        Assert.Equal(2, schedule.At(0), 12);
        Assert.Equal(1 + Math.Cos(Math.PI / 4), schedule.At(1), 12);
        Assert.Equal(1, schedule.At(2), 12);
        Assert.Equal(0, schedule.At(4), 12);
    }

    [Fact]
    public void At_Warmup_RisesByEqualStepsAndReachesThePeak()
    {
        var schedule = new LearningRateSchedule(Peak: 1, Minimum: 0, WarmupSteps: 4, Steps: 100);
        Assert.Equal([0.25, 0.5, 0.75, 1], Enumerable.Range(0, 4).Select(step => schedule.At(step)));
        Assert.Equal(1, schedule.At(4), 12);
    }

    [Fact]
    public void At_PaperSettings_EndsALittleAboveZero()
    {
        // the warm-up of 4,000 shifts the cosine of 100,000 steps without shortening it
        var schedule = new LearningRateSchedule(Peak: 2.5e-4, Minimum: 0, WarmupSteps: 4000, Steps: 100_000);
        Assert.Equal(0.0039, schedule.At(99_999) / 2.5e-4, 4);
    }

    [Fact]
    public void At_Minimum_IsTheFloor()
    {
        var schedule = new LearningRateSchedule(Peak: 3, Minimum: 1, WarmupSteps: 0, Steps: 10);
        Assert.Equal(3, schedule.At(0), 12);
        Assert.Equal(2, schedule.At(5), 12);
        Assert.Equal(1, schedule.At(10), 12);
        Assert.Equal(1, schedule.At(1000), 12);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.5, 0.5)]
    [InlineData(1, 0)]
    [InlineData(1.5, 0)]
    public void At_OnlyTimeLimits_FollowsTheShareOfTime(double share, double expected) =>
        Assert.Equal(expected, new LearningRateSchedule(1, 0, 0, Steps: null).At(1_000_000, share), 12);

    [Fact]
    public void At_StepsAndTime_FollowsWhicheverIsFurther()
    {
        var schedule = new LearningRateSchedule(1, 0, 0, Steps: 100);
        Assert.Equal(schedule.At(50), schedule.At(10, timeShare: 0.5), 12);
        Assert.Equal(schedule.At(60), schedule.At(60, timeShare: 0.5), 12);
    }
}
