using System.Diagnostics;
using System.Globalization;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Runs the application that knows a saved pipeline by its file only.</summary>
internal static class FreshProcess
{
    /// <summary>Loads a saved pipeline and scores texts with it.</summary>
    /// <returns>The perplexity of each text.</returns>
    public static float[] Perplexities(string model, params string[] texts)
    {
        const string Name = "Microsoft.ML.SigmaMoE.ModelReader";
        var folder = AppContext.BaseDirectory.Replace("Microsoft.ML.SigmaMoE.Tests", Name, StringComparison.Ordinal);
        var application = Path.Combine(folder, $"{Name}.dll");
        var dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var start = new ProcessStartInfo(dotnet, [application, model, .. texts])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.Result);
        return [.. lines.Select(line => float.Parse(line, CultureInfo.InvariantCulture))];
    }
}
