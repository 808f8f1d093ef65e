namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TimingTests
{
    [Theory]
    [InlineData(5, 3 + 5)]
    [InlineData(1, 3 + 1)]
    public void Interleave_WithPatience_WarmsUpAndRunsAsOftenAsAsked(int repetitions, int wanted)
    {
        var runs = new List<string>();
        Contender Named(string name) => new(name, "float32", _ => runs.Add(name));
        var timings = Timing.Interleave([Named("x"), Named("y")], repetitions, TimeSpan.FromHours(1), default);
        Assert.Equal(2, timings.Length);
        Assert.Equal(Enumerable.Repeat<string[]>(["x", "y"], wanted).SelectMany(names => names), runs);
    }

    [Theory]
    [InlineData(15, 1 + 3)]
    [InlineData(2, 1 + 2)]
    public void Interleave_WithoutPatience_RunsThreeTimesAfterOneWarmUp(int repetitions, int wanted)
    {
        var runs = 0;
        Timing.Interleave([new("x", "float32", _ => runs++)], repetitions, TimeSpan.Zero, default);
        Assert.Equal(wanted, runs);
    }
}
