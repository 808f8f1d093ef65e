namespace Microsoft.ML.SigmaMoE.Tool.Tests;

public sealed class SpreadTests
{
    [Fact]
    public void Of_ThreeValues_IsMeanAndSampleDeviation()
    {
        var spread = Spread.Of([1, 2, 6]);
        Assert.Equal(3, spread.Mean);
        Assert.Equal(Math.Sqrt(7), spread.Deviation, 1e-12);
        Assert.Equal("3.00 ± 2.65", spread.ToString("F2"));
    }

    [Fact]
    public void Of_OneValue_HasNoDeviation() => Assert.Equal("4.0", Spread.Of([4]).ToString("F1"));
}
