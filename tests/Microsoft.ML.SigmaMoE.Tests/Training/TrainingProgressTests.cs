using System.Text.Json;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TrainingProgressTests
{
    [Fact]
    public void Json_OfARun_RoundTrips()
    {
        using var run = new TrainingRun();
        var reports = run.Train(TrainingRun.Options).Reports;
        var json = JsonSerializer.Serialize(reports);
        var copy = JsonSerializer.Deserialize<IReadOnlyList<TrainingProgress>>(json)!;
        Assert.Equal(json, JsonSerializer.Serialize(copy));
        Assert.Equal(reports[^1].Loss, copy[^1].Loss);
        Assert.Equal(reports[^1].Perplexity, copy[^1].Perplexity);
        Assert.Equal(reports[^1].ExpertEntropy, copy[^1].ExpertEntropy);
        Assert.Equal(reports[^1].ValidationLoss, copy[^1].ValidationLoss);
    }
}
