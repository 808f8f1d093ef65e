namespace Microsoft.ML.SigmaMoE.Tool.Tests;

public sealed class ModelTestTests(TinyRun tiny) : IClassFixture<TinyRun>
{
    [Theory]
    [InlineData(1, new[] { 0.25, 0.25, 0.25, 0.25 })]
    [InlineData(0, new[] { 1.0, 0, 0, 0 })]
    [InlineData(0.5, new[] { 0.5, 0.5, 0, 0 })]
    [InlineData(1, new[] { 1.0 })]
    public void Evenness_OfShares_IsTheirEntropyOfTheLargest(double expected, double[] shares) =>
        Assert.Equal(expected, ModelTest.Evenness(shares), 1e-12);

    [Fact]
    public void Run_AMixture_MeasuresItsExperts()
    {
        using var model = LanguageModel.Load(tiny.Model);
        var test = ModelTest.Run(model, new TextInput([tiny.Text]));
        Assert.InRange(test.ExpertEntropy!.Value, 0, 1);
        Assert.InRange(test.DeadExperts!.Value, 0, 8);
        Assert.Equal(120, test.Metrics.RowCount);
    }
}
