using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>Does a run in a process of its own, so that its memory can be told from that of others.</summary>
internal static class RunProcess
{
    private static readonly TimeSpan TimeToStop = TimeSpan.FromSeconds(30);

    /// <exception cref="UserException">The run failed; the message is what it said.</exception>
    /// <exception cref="OperationCanceledException">It was interrupted.</exception>
    public static RunResult Execute(
        ComparisonRun run, IProgress<WorkState> progress, CancellationToken cancellationToken)
    {
        using var process = Process.Start(StartInfo(run))!;
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        using var stop = cancellationToken.Register(() => Stop(process));
        while (process.StandardOutput.ReadLine() is { } line)
        {
            Report(line, progress);
        }

        process.WaitForExit();
        cancellationToken.ThrowIfCancellationRequested();
        return process.ExitCode == ExitCode.Success && run.Result() is { } result
            ? result
            : throw new UserException(Faults.OneLine($"{errors.Result} (exit code {process.ExitCode})"));
    }

    private static ProcessStartInfo StartInfo(ComparisonRun run)
    {
        var (program, before) = Program();
        var seed = run.Seed.ToString(CultureInfo.InvariantCulture);
        string[] words = [.. before, CompareRunCommand.VerbName, run.Folder, run.System, seed, "--json"];
        return new(program, words) { RedirectStandardOutput = true, RedirectStandardError = true };
    }

    // The tool is itself the process, or dotnet runs its assembly, or a host does that has it loaded.
    private static (string Program, string[] Before) Program()
    {
        var path = Environment.ProcessPath ?? "";
        var assembly = typeof(RunProcess).Assembly.Location;
        return Path.GetFileName(path) switch
        {
            "sigmamoe" or "sigmamoe.exe" or "Microsoft.ML.SigmaMoE.Tool" or "Microsoft.ML.SigmaMoE.Tool.exe" =>
                (path, []),
            "dotnet" or "dotnet.exe" => (path, [assembly]),
            _ => (Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [assembly]),
        };
    }

    // Ctrl+C on a terminal reached the process too: it is writing its checkpoint.
    private static void Stop(Process process)
    {
        if (!process.WaitForExit(TimeToStop))
        {
            process.Kill();
        }
    }

    // .NET may write control characters before the first object, where it takes the pipe for a terminal.
    private static void Report(string line, IProgress<WorkState> progress)
    {
        using var json = JsonDocument.Parse(line.AsMemory(Math.Max(0, line.IndexOf('{', StringComparison.Ordinal))));
        if (json.RootElement.TryGetProperty("text", out var text))
        {
            double? done = json.RootElement.TryGetProperty("done", out var share) ? share.GetDouble() : null;
            progress.Report(new(done, text.GetString() ?? ""));
        }
    }
}
