using System.Globalization;
using System.Security;
using System.Text;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>A line of a chart.</summary>
/// <param name="Name">What the legend says.</param>
/// <param name="Points">Finite numbers, x ascending.</param>
internal sealed record ChartLine(string Name, IReadOnlyList<(double X, double Y)> Points);

/// <summary>A line chart as SVG, nothing more.</summary>
internal sealed class LineChart(string title, string xName, string yName, IReadOnlyList<ChartLine> lines)
{
    private const int Width = 800, Height = 480, Left = 70, Right = 20, Top = 40, Bottom = 50, LegendStep = 18;

    // told apart by eyes that see few colours too (Okabe and Ito)
    private static readonly string[] Colours =
        ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999"];

    private readonly ChartAxis _x = ChartAxis.Over(lines.SelectMany(line => line.Points).Select(point => point.X));
    private readonly ChartAxis _y = ChartAxis.Over(lines.SelectMany(line => line.Points).Select(point => point.Y));

    public string Title => title;

    public string ToSvg()
    {
        var svg = new StringBuilder();
        svg.Append(Invariant($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" "));
        svg.Append("font-family=\"sans-serif\" font-size=\"12\">\n");
        svg.Append(Invariant($"<rect width=\"{Width}\" height=\"{Height}\" fill=\"white\"/>\n"));
        AppendText(svg, Width / 2, 24, "middle", title);
        AppendAxes(svg);
        foreach (var (index, line) in lines.Index())
        {
            AppendLine(svg, line, index);
        }

        return svg.Append("</svg>\n").ToString();
    }

    private void AppendAxes(StringBuilder svg)
    {
        foreach (var tick in _x.Ticks)
        {
            svg.Append(Invariant($"<path d=\"M{X(tick):F1} {Top}V{Height - Bottom}\" stroke=\"#ddd\"/>\n"));
            AppendText(svg, X(tick), Height - Bottom + 18, "middle", ChartAxis.Label(tick));
        }

        foreach (var tick in _y.Ticks)
        {
            svg.Append(Invariant($"<path d=\"M{Left} {Y(tick):F1}H{Width - Right}\" stroke=\"#ddd\"/>\n"));
            AppendText(svg, Left - 8, Y(tick) + 4, "end", ChartAxis.Label(tick));
        }

        AppendText(svg, Width / 2, Height - 12, "middle", xName);
        AppendText(svg, Left, Top - 10, "middle", yName);
    }

    private void AppendLine(StringBuilder svg, ChartLine line, int index)
    {
        var colour = Colours[index % Colours.Length];
        var points = string.Join(' ', line.Points.Select(point => Invariant($"{X(point.X):F1},{Y(point.Y):F1}")));
        var legend = Top + 14 + index * LegendStep;
        svg.Append(
            Invariant($"<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>\n"));
        svg.Append(
            Invariant($"<path d=\"M{Width - Right - 24} {legend - 4}h20\" stroke=\"{colour}\" stroke-width=\"3\"/>\n"));
        AppendText(svg, Width - Right - 30, legend, "end", line.Name);
    }

    private static void AppendText(StringBuilder svg, double x, double y, string anchor, string text) =>
        svg.Append(Invariant($"<text x=\"{x:F1}\" y=\"{y:F1}\" text-anchor=\"{anchor}\">{SecurityElement.Escape(text)}</text>\n"));

    private double X(double value) => Left + _x.Share(value) * (Width - Left - Right);

    private double Y(double value) => Height - Bottom - _y.Share(value) * (Height - Top - Bottom);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
