namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class FeatureOptionsTests
{
    [Theory]
    [InlineData(PoolingKind.Mean, 192)]
    [InlineData(PoolingKind.Max, 192)]
    [InlineData(PoolingKind.Last, 192)]
    [InlineData(PoolingKind.MeanAndMax, 384)]
    [InlineData(PoolingKind.SecondMoment, 18_528)]
    public void Size_GivenAPooling_IsWhatItsSummarySays(PoolingKind pooling, int size) =>
        Assert.Equal(size, new FeatureOptions { Pooling = pooling }.Size(192));

    [Theory]
    [InlineData(192)]
    [InlineData(1024)]
    [InlineData(4096)]
    public void MostRows_OfTheSecondMoment_HoldProductsOf128MiBAtMost(int modelSize)
    {
        var rows = new FeatureOptions { Pooling = PoolingKind.SecondMoment }.MostRows(modelSize);
        Assert.InRange(4L * rows * modelSize * modelSize, 1, 128L << 20);
    }

    [Fact]
    public void MostRows_OfTheMean_HasNoLimit() => Assert.Equal(int.MaxValue, new FeatureOptions().MostRows(1024));

    [Fact]
    public void Json_OfTheSecondMoment_IsReadAsItIsWritten()
    {
        var json = new LanguageModelOptions { Features = new() { Pooling = PoolingKind.SecondMoment } }.ToJson();
        Assert.Contains("\"pooling\": \"second-moment\"", json, StringComparison.Ordinal);
        Assert.Equal(PoolingKind.SecondMoment, LanguageModelOptions.FromJson(json).Features.Pooling);
    }
}
