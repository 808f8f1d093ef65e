using System.Globalization;
using System.Text;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>A comparison's rows as Markdown, CSV and JSON.</summary>
internal sealed class ComparisonTable(IReadOnlyList<ComparisonRow> rows)
{
    private static readonly (string Name, Func<ComparisonRow, string> Value)[] Columns =
    [
        ("system", row => row.Title),
        ("parameters", row => Format($"{row.Parameters:N0}")),
        ("against σ-MoE", row => row.ParameterDifference.ToString("+#,0;−#,0;0", CultureInfo.InvariantCulture)),
        ("feed-forward FLOPs", row => Format($"{100 * row.FeedForwardShare:F1} %")),
        ("runs", row => $"{row.Runs}"),
        ("tokens trained", row => Format($"{row.TrainedTokens:N0}")),
        ("test perplexity", row => row.Perplexity.ToString("F2")),
        ("bits per byte", row => row.BitsPerByte.ToString("F4")),
        ("tokens/s", row => row.TokensPerSecond.ToString("N0")),
        ("peak memory", row => Format($"{row.PeakMegabytes:N0} MB")),
        ("expert entropy", row => row.ExpertEntropy is { } entropy ? Format($"{entropy:F3}") : "–"),
        ("dead experts", row => row.DeadExperts is { } dead ? Format($"{dead:0.#}") : "–"),
        ("paper, WikiText-103 47M", row => Format($"{row.PaperPerplexity:F2}")),
    ];

    private static readonly (string Name, Func<ComparisonRow, object?> Value)[] Numbers =
    [
        ("system", row => row.System),
        ("parameters", row => row.Parameters),
        ("parameter_difference", row => row.ParameterDifference),
        ("feed_forward_share", row => row.FeedForwardShare),
        ("runs", row => row.Runs),
        ("trained_tokens", row => row.TrainedTokens),
        ("perplexity", row => row.Perplexity.Mean),
        ("perplexity_deviation", row => row.Perplexity.Deviation),
        ("bits_per_byte", row => row.BitsPerByte.Mean),
        ("bits_per_byte_deviation", row => row.BitsPerByte.Deviation),
        ("tokens_per_second", row => row.TokensPerSecond.Mean),
        ("tokens_per_second_deviation", row => row.TokensPerSecond.Deviation),
        ("peak_megabytes", row => row.PeakMegabytes),
        ("expert_entropy", row => row.ExpertEntropy),
        ("dead_experts", row => row.DeadExperts),
        ("paper_perplexity", row => row.PaperPerplexity),
    ];

    /// <summary>The table for people.</summary>
    public string ToMarkdown() => MarkdownTable.Of(
        [.. Columns.Select(column => column.Name)],
        rows.Select(row => (string[])[.. Columns.Select(column => column.Value(row))]));

    /// <summary>The table for programs: a line a system, numbers in full, empty where there is none.</summary>
    public string ToCsv()
    {
        var text = new StringBuilder().AppendLine(string.Join(',', Numbers.Select(column => column.Name)));
        foreach (var row in rows)
        {
            text.AppendLine(string.Join(',', Numbers.Select(column => Number(column.Value(row)))));
        }

        return text.ToString();
    }

    private static string Number(object? value) =>
        value is null or double.NaN ? "" : Convert.ToString(value, CultureInfo.InvariantCulture)!;

    private static string Format(FormattableString text) => FormattableString.Invariant(text);
}
