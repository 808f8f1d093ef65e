using System.Diagnostics;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Runs the kernels' own checks once: tests/Microsoft.ML.SigmaMoE.Kernels/check.</summary>
public sealed class KernelChecks
{
    private readonly Lazy<string[]> _lines = new(Run);

    /// <summary>Gets the folder of the C++ sources.</summary>
    public static string Folder { get; } = Path.Combine(Repository.Root, "tests", "Microsoft.ML.SigmaMoE.Kernels");

    /// <summary>Gets why nothing ran, or null.</summary>
    public string? SkipReason =>
        _lines.Value.FirstOrDefault(line => line.StartsWith("skipped:", StringComparison.Ordinal));

    /// <summary>Gets the tiles that the kernels were compiled for: names and sizes.</summary>
    public IEnumerable<string> Tiles => _lines.Value
        .Where(line => line.StartsWith("tile ", StringComparison.Ordinal)).Select(line => line["tile ".Length..]);

    /// <summary>Gets the line that the script printed of a check.</summary>
    public string ResultOf(string check) =>
        _lines.Value.FirstOrDefault(line => line.StartsWith($"passed {check} ", StringComparison.Ordinal))
        ?? _lines.Value.FirstOrDefault(line => line.StartsWith($"failed {check}:", StringComparison.Ordinal))
        ?? $"{check} is missing in: {string.Join(Environment.NewLine, _lines.Value)}";

    private static string[] Run()
    {
        if (!OperatingSystem.IsLinux())
        {
            return ["skipped: the emulator is for Linux on x86-64"];
        }

        var start = new ProcessStartInfo("bash", [Path.Combine(Folder, "check")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return [.. output.Split('\n'), errors.Result];
    }
}
