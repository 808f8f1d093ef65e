using System.Text;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>A table in Markdown; columns after the first are set to the right.</summary>
internal static class MarkdownTable
{
    public static string Of(IReadOnlyList<string> head, IEnumerable<IReadOnlyList<string>> rows)
    {
        var text = new StringBuilder();
        AppendRow(text, head);
        AppendRow(text, [.. head.Select((_, index) => index == 0 ? "---" : "---:")]);
        foreach (var row in rows)
        {
            AppendRow(text, row);
        }

        return text.ToString();
    }

    // A bar in a cell would begin another one.
    private static void AppendRow(StringBuilder text, IReadOnlyList<string> cells) =>
        text.Append("| ")
            .AppendJoin(" | ", cells.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal)))
            .Append(" |\n");
}
