namespace QuickStart.Tests;

public sealed class UsageReportTests
{
    [Fact]
    public void Shares_OfRows_WeighsByLength()
    {
        ScoredText[] rows =
        [
            new() { TokenCount = 3, ExpertUsage = [1, 0, 0.5f, 0.5f] },
            new() { TokenCount = 1, ExpertUsage = [0, 1, 0.5f, 0.5f] },
            new() { TokenCount = 0 },
        ];
        Assert.Equal([0.75, 0.25, 0.5, 0.5], UsageReport.Shares(rows));
    }

    [Theory]
    [InlineData(1.0, 0.25, 0.25, 0.25, 0.25)]
    [InlineData(0.0, 1.0, 0.0, 0.0, 0.0)]
    [InlineData(0.5, 0.5, 0.5, 0.0, 0.0)]
    public void Evenness_OfShares_IsTheirEntropyFromZeroToOne(double expected, params double[] shares) =>
        Assert.Equal(expected, UsageReport.Evenness(shares), 1e-12);
}
