using System.CommandLine;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>Runs → a table and a chart.</summary>
internal sealed class ReportCommand : Verb
{
    private readonly Argument<string[]> _runs = new("runs")
    {
        Description = "Folders that sigmamoe train wrote.",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string> _output = new("--output", "-o")
    {
        Description = "The folder for report.md and report.svg.",
        HelpName = "folder",
        Required = true,
    };

    private readonly Option<string> _metric = new("--metric")
    {
        Description = "The column of metrics.csv to draw.",
        HelpName = "name",
        DefaultValueFactory = _ => "loss",
    };

    public ReportCommand()
        : base(
            "report",
            "Put trainings side by side: a Markdown table and an SVG chart.",
            "sigmamoe report runs/small runs/large --output report")
    {
        Add(_runs);
        Add(_output);
        Add(_metric);
    }

    protected override void Run(ParseResult line, Shell shell)
    {
        var folder = line.GetRequiredValue(_output);
        var report = RunReport.Read(line.GetRequiredValue(_runs));
        var chart = report.Chart(line.GetRequiredValue(_metric));
        WholeFile.Write(Path.Combine(folder, "report.svg"), chart.ToSvg());
        WholeFile.Write(
            Path.Combine(folder, "report.md"), $"# Trainings\n\n{report.ToMarkdown()}\n![{chart.Title}](report.svg)\n");
        shell.ShowAll(report.Rows, screen => screen.Table(RunReport.Head, report.Cells));
    }
}
