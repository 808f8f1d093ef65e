using System.Text.Json;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TrainingHistoryTests
{
    [Fact]
    public void Json_OfARun_RoundTrips()
    {
        using var run = new TrainingRun();
        var history = run.Train(TrainingRun.Options);
        var json = JsonSerializer.Serialize(history);
        var copy = JsonSerializer.Deserialize<TrainingHistory>(json)!;
        Assert.Equal(json, JsonSerializer.Serialize(copy));
        Assert.Equal(history.Reports[^1].Loss, copy.Reports[^1].Loss);
        Assert.Equal(history.Reports[^1].ExpertEntropy, copy.Reports[^1].ExpertEntropy);
        Assert.Equal(history.End, copy.End);
    }
}
