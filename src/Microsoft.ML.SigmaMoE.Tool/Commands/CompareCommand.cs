using System.CommandLine;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>Text → the paper's table, on this machine.</summary>
internal sealed class CompareCommand : Verb
{
    private readonly TextArguments _text;

    private readonly Option<string> _output = new("--output", "-o")
    {
        Description = "The folder for the runs and the table; finished runs in it are kept.",
        HelpName = "folder",
        Required = true,
    };

    private readonly Option<string?> _recipe = new("--recipe")
    {
        Description = "A JSON file of options with a mixture of experts; the other systems get as many parameters.",
        HelpName = "file",
    };

    private readonly Option<string> _systems = new("--systems")
    {
        Description = "Which systems, separated by commas.",
        HelpName = "names",
        DefaultValueFactory = _ => string.Join(',', ComparedSystems.All.Select(system => system.Name)),
    };

    private readonly Option<int> _seeds = new("--seeds")
    {
        Description = "How many trainings of each system.",
        HelpName = "n",
        DefaultValueFactory = _ => 3,
    };

    private readonly Option<int?> _steps = new("--steps")
    {
        Description = "Train each for so many steps: the same tokens.",
        HelpName = "n",
    };

    private readonly Option<double?> _minutes = new("--minutes")
    {
        Description = "Train each for so long: the same time.",
        HelpName = "m",
    };

    private readonly Option<string[]> _test = new("--test")
    {
        Description = "Files to test on; the last tenth of the documents if left out.",
        HelpName = "files",
        AllowMultipleArgumentsPerToken = true,
    };

    public CompareCommand()
        : base(
            "compare",
            "Train systems of the paper with equally many parameters, and put them into one table.",
            "sigmamoe compare corpus.txt --output comparison --systems dense,sigma-moe --seeds 3 --minutes 10")
    {
        _text = new(this);
        Option[] options = [_output, _recipe, _systems, _seeds, _steps, _minutes, _test];
        foreach (var option in options)
        {
            Add(option);
        }
    }

    protected override void Run(ParseResult line, Shell shell)
    {
        var folder = line.GetRequiredValue(_output);
        var plan = ReadPlan(line, folder);
        var comparison = new Comparison(plan, (run, progress) => RunProcess.Execute(run, progress, shell.Interrupted));
        try
        {
            shell.Watch("compare", progress => comparison.Run(progress, shell.Interrupted));
        }
        catch (OperationCanceledException) when (shell.Interrupted.IsCancellationRequested)
        {
            Report(plan, comparison, folder, shell);
            throw new InterruptedException(
                $"Stopped; finished runs are kept. Go on with:{Environment.NewLine}  {ShellWord.Command(shell.Words)}");
        }

        Report(plan, comparison, folder, shell);
        if (comparison.Failures.Count > 0)
        {
            throw new UserException(string.Join(' ', comparison.Failures));
        }
    }

    private static void Report(ComparisonPlan plan, Comparison comparison, string folder, Shell shell)
    {
        if (comparison.Results.Count > 0)
        {
            var report = new ComparisonReport(plan, comparison.Sum(), comparison.Results, shell.Words);
            report.Write(folder);
            shell.ShowAll(report.Rows, screen => screen.Verbatim(report.Table));
        }
    }

    private ComparisonPlan ReadPlan(ParseResult line, string folder)
    {
        if (line.GetValue(_seeds) < 1)
        {
            throw new UserException($"--seeds is {line.GetValue(_seeds)}; it must be at least 1.");
        }

        var systems = ComparedSystems.Find(line.GetRequiredValue(_systems).Split(',', StringSplitOptions.TrimEntries));
        return ComparisonPlan.Create(ReadRecipe(line), systems, line.GetValue(_seeds), ReadData(line), folder);
    }

    private ComparisonData ReadData(ParseResult line)
    {
        var text = _text.Of(line);
        var test = line.GetValue(_test) ?? [];
        if (test.Length > 0)
        {
            _ = _text.Of(line, test);
        }

        return ComparisonData.Of(text, test);
    }

    private LanguageModelOptions ReadRecipe(ParseResult line)
    {
        var recipe = line.GetValue(_recipe) is { } file ? Recipe.Read(file) : new LanguageModelOptions();
        var minutes = line.GetValue(_minutes);
        return recipe with
        {
            Training = recipe.Training with
            {
                MaxSteps = line.GetValue(_steps) ?? recipe.Training.MaxSteps,
                MaxDuration = minutes is null ? recipe.Training.MaxDuration : TimeSpan.FromMinutes(minutes.Value),
            },
        };
    }
}
