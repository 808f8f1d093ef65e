namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class GrowthBenchmarkTests
{
    [Theory]
    [InlineData(BenchmarkGrowth.Tokens, "1024 2048 4096 8192 16384")]
    [InlineData(BenchmarkGrowth.ModelSize, "104 206 412 824 1648")]      // even ones
    [InlineData(BenchmarkGrowth.ExpertCount, "4 8 16 32 64")]
    [InlineData(BenchmarkGrowth.ExpertSize, "32 64 128 256 512")]
    [InlineData(BenchmarkGrowth.ActiveExperts, "1 2 4 8 16")]
    [InlineData(BenchmarkGrowth.SegmentLength, "64 128 256 512 1024")]
    public void Sizes_AroundTheUsualOnes_AreFiveDoublings(BenchmarkGrowth what, string wanted) =>
        Assert.Equal(wanted, Sizes(what, new() { ModelSize = 412 }));

    [Fact]
    public void Sizes_AtTheEdgeOfWhatIsPossible_StayInside()
    {
        var edge = new BenchmarkOptions { ExpertCount = 4, ActiveExperts = 4, ExpertSize = 1, Tokens = 3 };
        Assert.Equal("4 8 16 32 64", Sizes(BenchmarkGrowth.ExpertCount, edge));
        Assert.Equal("1 2 4", Sizes(BenchmarkGrowth.ActiveExperts, edge));
        Assert.Equal("1 2 4 8 16", Sizes(BenchmarkGrowth.ExpertSize, edge));
        Assert.Equal(
            "2 4 8 16 32", Sizes(BenchmarkGrowth.ActiveExperts, new() { ExpertCount = 32, ActiveExperts = 32 }));
        Assert.Equal("1 3 6 12 24", Sizes(BenchmarkGrowth.Tokens, edge));
    }

    private static string Sizes(BenchmarkGrowth what, BenchmarkOptions options) =>
        string.Join(' ', new GrowthBenchmark(what, options).Sizes);
}
