using System.Globalization;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>Results of benchmarks as people read them.</summary>
internal sealed class BenchTables(Screen screen)
{
    private static readonly string[] Head =
        ["", "precision", "ms", "quartiles", "to dense bf16", "to dense f32", "to baseline", "error", "peak MB"];

    private static readonly string[] PartsHead = ["", "precision", "ms", "quartiles", "share %"];

    /// <summary>A table for each shape, contender by contender, and one for what parts of a whole took.</summary>
    public void Show(IEnumerable<BenchmarkResult> results)
    {
        foreach (var group in results.GroupBy(result => (result.Shape, IsPart: result.Share is not null)))
        {
            var (shape, isPart) = group.Key;
            screen.Line(isPart ? $"{shape}: each part alone, times how often a step has it" : shape);
            screen.Table(isPart ? PartsHead : Head, isPart ? group.Select(Part) : group.Select(Row));
        }
    }

    /// <summary>
    /// A row a size: what each contender took, and how many times as fast as dense, or plain attention, it is.
    /// </summary>
    /// <param name="what">What grows.</param>
    /// <param name="results">Of all sizes.</param>
    public void ShowGrowth(string what, IReadOnlyList<BenchmarkResult> results)
    {
        var names = results.Select(Column).Distinct().ToArray();
        var (title, middle) = (results[0].Name.Split(':')[0], results[results.Count / 2].Shape);
        var hasDense = results.Any(result => result.RatioToDenseFloat32 is not null);
        var compared = hasDense ? "dense in the same number type" : results[0].Baseline;
        screen.Line($"{title}, ms (times as fast as {compared}), around {middle}");
        screen.Table(
            [what, .. names],
            results.GroupBy(result => result.Size).Select(row => (IReadOnlyList<string>)
            [
                $"{row.Key}",
                .. names.Select(name => TimeAndRatio(row.FirstOrDefault(result => Column(result) == name))),
            ]));
    }

    private static IReadOnlyList<string> Row(BenchmarkResult result) =>
    [
        .. Times(result),
        Number(result.RatioToDenseBf16, "F2"),
        Number(result.RatioToDenseFloat32, "F2"),
        Number(result.RatioToBaseline, "F2"),
        Number(result.ErrorVsReference, "E1"),
        Number(result.PeakBytes / 1e6, "F0"),
    ];

    private static IReadOnlyList<string> Part(BenchmarkResult result) =>
        [.. Times(result), Number(100 * result.Share, "F1")];

    private static IEnumerable<string> Times(BenchmarkResult result) =>
    [
        result.Name,
        result.Precision,
        Number(result.Milliseconds, "F2"),
        $"{Number(result.LowerQuartile, "F2")} – {Number(result.UpperQuartile, "F2")}",
    ];

    // A contender without the title that all have.
    private static string Column(BenchmarkResult result)
    {
        var name = result.Name[(result.Name.IndexOf(':', StringComparison.Ordinal) + 2)..];
        return $"{name} {(result.Precision == "bfloat16" ? "bf16" : "f32")}";
    }

    // To dense in the same number type, where there is dense.
    private static string TimeAndRatio(BenchmarkResult? result)
    {
        var toDense = result?.Precision == "bfloat16" ? result.RatioToDenseBf16 : result?.RatioToDenseFloat32;
        var ratio = toDense ?? result?.RatioToBaseline;
        return Number(result?.Milliseconds, "F2") + (ratio is null or 1 ? "" : $" ({Number(ratio, "F2")})");
    }

    private static string Number(double? value, string format) =>
        value?.ToString(format, CultureInfo.InvariantCulture) ?? "";
}
