namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class LossScaleTests
{
    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void After_AGradientThatIsNoNumber_HalvesAndCountsTheStep(double gradientNorm) =>
        Assert.Equal(new LossScale(32768, 0, 3), new LossScale(65536, 1999, 2).After(gradientNorm));

    [Fact]
    public void After_AGoodStep_CountsIt() => Assert.Equal(new LossScale(65536, 1, 0), new LossScale().After(1e30));

    [Fact]
    public void After_TwoThousandGoodSteps_Doubles()
    {
        var scale = Enumerable.Range(0, 1999).Aggregate(new LossScale(), (scale, _) => scale.After(0));
        Assert.Equal(new LossScale(65536, 1999, 0), scale);
        Assert.Equal(new LossScale(131072, 0, 0), scale.After(0));
        Assert.Equal(new LossScale(131072, 1, 0), scale.After(0).After(0));
    }

    [Fact]
    public void After_AFaultAmongGoodSteps_CountsFromTheBeginning()
    {
        var scale = Enumerable.Range(0, 1999).Aggregate(
            new LossScale().After(0).After(double.NaN), (scale, _) => scale.After(0));
        Assert.Equal(new LossScale(32768, 1999, 1), scale);
        Assert.Equal(65536, scale.After(0).Value);
    }

    [Fact]
    public void CanShrink_AfterSixteenFaults_IsFalse()
    {
        var scale = new LossScale();
        for (var fault = 0; fault < 16; fault++)
        {
            Assert.True(scale.CanShrink());
            scale = scale.After(double.NaN);
        }

        Assert.Equal((1, 16L, false), (scale.Value, scale.SkippedSteps, scale.CanShrink()));
    }
}
