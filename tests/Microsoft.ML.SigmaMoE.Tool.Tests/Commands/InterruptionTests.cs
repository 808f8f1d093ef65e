namespace Microsoft.ML.SigmaMoE.Tool.Tests;

public sealed class InterruptionTests(TinyRun tiny) : IClassFixture<TinyRun>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Train_Interrupted_WritesACheckpointAndSaysHowToGoOn()
    {
        var model = _folder.File("my model");
        string[] words = ["train", tiny.Text, "--recipe", tiny.Recipe, "--steps", "2000000", "--output", model];
        using var interrupted = new CancellationTokenSource();
        using var watcher = new FileSystemWatcher(_folder.Path, RunLog.FileName) { IncludeSubdirectories = true, EnableRaisingEvents = true };
        watcher.Created += (_, _) => interrupted.Cancel();
        watcher.Renamed += (_, _) => interrupted.Cancel();

        var stopped = Tool.Run(interrupted.Token, words);
        Assert.Equal(130, stopped.Code);
        Assert.Contains("Go on with:", stopped.Errors, StringComparison.Ordinal);
        Assert.Contains($"--output '{model}' --resume", stopped.Errors, StringComparison.Ordinal);
        var step = Assert.Single(Directory.GetDirectories(Path.Combine(model, "checkpoints")));

        var steps = int.Parse(step.Split('-')[^1], System.Globalization.CultureInfo.InvariantCulture) + 5;
        Tool.Run(
            "train", tiny.Text, "--recipe", tiny.Recipe, "--steps", $"{steps}", "--output", model,
            "--resume").Succeeds();
        var metrics = MetricsTable.Read(Path.Combine(model, RunLog.FileName));
        Assert.Equal(steps, metrics.Rows[^1]["step"]);
        Assert.Equal(5, metrics.Rows[0]["step"]);
        Assert.Equal(
            metrics.Rows.Select(row => row["step"]).Distinct().Order(), metrics.Rows.Select(row => row["step"]));
    }

    [Fact]
    public void Score_Interrupted_LeavesNoFile()
    {
        var output = _folder.File("scores.tsv");
        var stopped = Tool.Run(
            new CancellationToken(canceled: true), "score", tiny.Model, tiny.Text, "--output", output);
        Assert.Equal((130, "Stopped."), (stopped.Code, stopped.Errors.Trim()));
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }
}
