using System.Globalization;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>The metrics.csv of several trainings, side by side.</summary>
internal sealed class RunReport
{
    private readonly IReadOnlyList<(string Name, MetricsTable Metrics)> _runs;

    private RunReport(IReadOnlyList<(string Name, MetricsTable Metrics)> runs)
    {
        _runs = runs;
        Rows = [.. runs.Select(run => RunSummary.Of(run.Name, run.Metrics))];
    }

    public static IReadOnlyList<string> Head { get; } =
        ["run", "steps", "tokens", "seconds", "tokens/s", "training loss", "best validation loss", "its perplexity"];

    public IReadOnlyList<RunSummary> Rows { get; }

    public IEnumerable<IReadOnlyList<string>> Cells => Rows.Select(row => (string[])
    [
        row.Run,
        Number(row.Steps, "N0"),
        Number(row.Tokens, "N0"),
        Number(row.Seconds, "N1"),
        Number(row.TokensPerSecond, "N0"),
        Number(row.Loss, "F4"),
        Number(row.ValidationLoss, "F4"),
        Number(Math.Exp(row.ValidationLoss), "F2"),
    ]);

    /// <exception cref="UserException">A folder has no metrics.csv with rows.</exception>
    public static RunReport Read(IReadOnlyList<string> folders) =>
        new([.. folders.Zip(Names(folders), (folder, name) => (name, Read(folder)))]);

    public string ToMarkdown() => MarkdownTable.Of(Head, Cells);

    /// <summary>Draws a column over the tokens, a line a run.</summary>
    /// <exception cref="UserException">No run has numbers in that column.</exception>
    public LineChart Chart(string metric)
    {
        var lines = _runs
            .Select(run => new ChartLine(run.Name, [.. Points(run.Metrics, metric)]))
            .Where(line => line.Points.Count > 0)
            .ToArray();
        return lines.Length > 0
            ? new($"{metric} over tokens", "tokens", metric, lines)
            : throw new UserException(
                $"No run has a number in column {metric}; the columns are {string.Join(", ", _runs[0].Metrics.Columns)}.");
    }

    private static MetricsTable Read(string folder)
    {
        var path = Path.Combine(folder, RunLog.FileName);
        var metrics = MetricsTable.Read(path);
        return metrics.Rows.Count > 0 ? metrics : throw new UserException($"{path} has no rows yet.");
    }

    private static IEnumerable<(double X, double Y)> Points(MetricsTable metrics, string metric) => metrics.Rows
        .Select(row => (X: row["tokens"], Y: row[metric]))
        .Where(point => double.IsFinite(point.X) && double.IsFinite(point.Y));

    private static string Number(double value, string format) =>
        double.IsNaN(value) ? "–" : value.ToString(format, CultureInfo.InvariantCulture);

    // The folder's name alone, unless two runs share it.
    private static IEnumerable<string> Names(IReadOnlyList<string> folders)
    {
        var names = folders
            .Select(folder => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))))
            .ToArray();
        return names.Distinct().Count() == names.Length ? names : folders;
    }
}
