using System.CommandLine;
using System.CommandLine.Help;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>All verbs.</summary>
internal static class ToolVerbs
{
    /// <summary>Gets the option of every verb that machines set.</summary>
    public static Option<bool> Json { get; } = new("--json")
    {
        Description = "Write one JSON object a line, for machines.",
        Recursive = true,
    };

    public static RootCommand Create()
    {
        var root = new RootCommand(
            "Mixture-of-experts Transformer language models: train, measure, use and compare them.")
        {
            Json,
            new TrainCommand(),
            new EvaluateCommand(),
            new ScoreCommand(),
            new FeaturizeCommand(),
            new GenerateCommand(),
            new TokenizerCommand(),
            new CompareCommand(),
            new CompareRunCommand(),
            new ImportCommand(),
            new ExportCommand(),
            new ReportCommand(),
            new InfoCommand(),
            new BenchCommand(),
        };
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new ExampleHelp((HelpAction)help.Action!);
        return root;
    }
}
