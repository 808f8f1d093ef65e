using System.Xml.Linq;

namespace Microsoft.ML.SigmaMoE.Tool.Tests;

public sealed class LineChartTests
{
    [Fact]
    public void ToSvg_OfTwoLines_IsXmlWithTheirNamesAndPoints()
    {
        var chart = new LineChart("a < b", "x", "y", [new("one & two", [(0, 1), (10, 3)]), new("three", [(5, 2)])]);
        var svg = XDocument.Parse(chart.ToSvg());
        var texts = svg.Descendants()
            .Where(element => element.Name.LocalName == "text")
            .Select(element => element.Value)
            .ToArray();
        Assert.All(["a < b", "one & two", "three", "x", "y"], text => Assert.Contains(text, texts));
        Assert.Equal(["70.0,430.0 780.0,40.0", "425.0,235.0"], Polylines(svg));
    }

    private static IEnumerable<string?> Polylines(XDocument svg) =>
        svg.Descendants()
            .Where(element => element.Name.LocalName == "polyline")
            .Select(element => element.Attribute("points")?.Value);
}
