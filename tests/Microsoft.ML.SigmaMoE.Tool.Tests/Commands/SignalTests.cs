using System.Diagnostics;

namespace Microsoft.ML.SigmaMoE.Tool.Tests;

/// <summary>The tool as a process of its own, which Ctrl+C and kill reach as signals.</summary>
public sealed class SignalTests(TinyRun tiny) : IClassFixture<TinyRun>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // SIGTERM takes the way of Ctrl+C; SIGINT itself is ignored where the tests run in the background
    [Fact]
    public async Task Train_ThatIsAskedToEnd_WritesACheckpointAndEnds()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There is no kill on Windows.");
        var model = _folder.File("model");
        using var process = Start("train", tiny.Text, "--recipe", tiny.Recipe, "--steps", "2000000", "--output", model);
        var errors = process.StandardError.ReadToEndAsync();
        while (!process.HasExited && !File.Exists(Path.Combine(model, RunLog.FileName)))
        {
            await Task.Delay(20);
        }

        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        if (!process.WaitForExit(TimeSpan.FromMinutes(1)))
        {
            process.Kill();
        }

        Assert.Equal(130, process.ExitCode);
        Assert.Contains("Go on with:", await errors, StringComparison.Ordinal);
        Assert.Single(Directory.GetDirectories(Path.Combine(model, "checkpoints")));
    }

    private static Process Start(params string[] words)
    {
        var dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        string[] all = [typeof(ToolRunner).Assembly.Location, .. words];
        return Process.Start(
            new ProcessStartInfo(dotnet, all) { RedirectStandardError = true, RedirectStandardOutput = true })!;
    }
}
