using System.Diagnostics;
using System.Globalization;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>What a process said when it had ended.</summary>
/// <param name="ExitCode">0 where it succeeded.</param>
/// <param name="Output">The lines of its output.</param>
/// <param name="Errors">Its error output.</param>
internal sealed record FinishedProcess(int ExitCode, string[] Output, string Errors);

/// <summary>Runs the application that knows a saved pipeline by its file only.</summary>
internal static class FreshProcess
{
    private const string Name = "Microsoft.ML.SigmaMoE.ModelReader";

    /// <summary>Gets the folder of the application.</summary>
    public static string Folder { get; } =
        AppContext.BaseDirectory.Replace("Microsoft.ML.SigmaMoE.Tests", Name, StringComparison.Ordinal);

    /// <summary>Loads a saved pipeline and scores texts with it.</summary>
    /// <returns>The perplexity of each text.</returns>
    public static float[] Perplexities(string model, params string[] texts) =>
        Perplexities(Run(Folder, new Dictionary<string, string>(), model, texts));

    /// <summary>Reads the perplexities that a successful process printed.</summary>
    public static float[] Perplexities(FinishedProcess process)
    {
        Assert.True(process.ExitCode == 0, process.Errors);
        return [.. process.Output.Select(line => float.Parse(line, CultureInfo.InvariantCulture))];
    }

    /// <summary>Runs the application of a folder with changes to its environment.</summary>
    public static FinishedProcess Run(
        string folder, IReadOnlyDictionary<string, string> environment, string model, params string[] texts)
    {
        var dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var application = Path.Combine(folder, $"{Name}.dll");
        var start = new ProcessStartInfo(dotnet, [application, model, .. texts])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        process.WaitForExit();
        return new(process.ExitCode, lines, errors.Result);
    }
}
