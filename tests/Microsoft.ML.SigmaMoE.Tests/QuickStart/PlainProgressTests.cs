namespace QuickStart.Tests;

public sealed class PlainProgressTests
{
    [Fact]
    public void Report_ManyTimes_PrintsALineEveryTenSeconds()
    {
        using var output = new StringWriter();
        var time = new ManualTime();
        var progress = new PlainProgress(PlainScreen.CreateConsole(output), "training", time);
        for (var second = 0; second <= 25; second++)
        {
            progress.Report(new(second / 25.0, $"step {second}"));
            time.Advance(TimeSpan.FromSeconds(1));
        }

        var lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["step 10", "step 20"], lines.Select(line => line.Split('·')[1].Trim()));
    }

    private sealed class ManualTime : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Advance(TimeSpan time) => _ticks += time.Ticks;
    }
}
