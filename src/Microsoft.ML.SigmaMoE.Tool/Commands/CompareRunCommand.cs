using System.CommandLine;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>One run of a comparison; <see cref="RunProcess"/> starts it.</summary>
internal sealed class CompareRunCommand : Verb
{
    public const string VerbName = "compare-run";

    private readonly Argument<string> _folder = new("folder") { Description = "The run's folder." };
    private readonly Argument<string> _system = new("system") { Description = "The system." };
    private readonly Argument<int> _seed = new("seed") { Description = "The seed." };

    public CompareRunCommand()
        : base(VerbName, "Do one run of a comparison.", $"sigmamoe {VerbName} comparison/dense/seed-1 dense 1")
    {
        Hidden = true;
        Add(_folder);
        Add(_system);
        Add(_seed);
    }

    protected override void Run(ParseResult line, Shell shell)
    {
        var run = ComparisonRun.Open(
            line.GetRequiredValue(_folder), line.GetRequiredValue(_system), line.GetValue(_seed));
        var result = shell.Watch($"{run.System}, seed {run.Seed}", progress => run.Execute(progress, shell));
        shell.Show(result, screen => screen.Line($"perplexity {result.Perplexity:F2}"));
    }
}
