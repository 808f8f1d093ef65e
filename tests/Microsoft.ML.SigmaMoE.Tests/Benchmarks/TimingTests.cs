namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TimingTests
{
    [Fact]
    public void Interleave_WithPatience_WarmsUpUntilCodeIsCompiledAndRunsInTurns()
    {
        var runs = new List<string>();
        Contender Named(string name) => new(name, "float32", _ =>
        {
            runs.Add(name);
            Thread.Sleep(1);
        });
        var timings = Timing.Interleave([Named("x"), Named("y")], 5, TimeSpan.FromHours(1), default);
        Assert.Equal(2, timings.Length);
        Assert.InRange(runs.Count / 2, 100 + 5, 2200);
        Assert.Equal(Enumerable.Repeat<string[]>(["x", "y"], runs.Count / 2).SelectMany(names => names), runs);
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
