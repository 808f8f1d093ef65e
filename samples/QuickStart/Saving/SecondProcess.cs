using System.Diagnostics;

namespace QuickStart;

/// <summary>This program, started again to do one thing.</summary>
internal static class SecondProcess
{
    /// <summary>The first word of the command line that means: load what was saved, and compare.</summary>
    public const string Verb = "predict-again";

    /// <summary>Runs it and returns what it printed.</summary>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static string Run(string folder)
    {
        using var process = Process.Start(StartInfo(folder))!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output.Trim() : throw new InvalidOperationException(
            $"The second process ended with exit code {process.ExitCode}. {output} {errors.Result}");
    }

    // "dotnet QuickStart.dll" runs under the name of dotnet, which must be told again what to run.
    private static ProcessStartInfo StartInfo(string folder)
    {
        var self = Environment.ProcessPath!;
        string[] program = Path.GetFileNameWithoutExtension(self) == "dotnet" ? [typeof(SecondProcess).Assembly.Location] : [];
        return new(self, [.. program, Verb, folder]) { RedirectStandardOutput = true, RedirectStandardError = true };
    }
}
