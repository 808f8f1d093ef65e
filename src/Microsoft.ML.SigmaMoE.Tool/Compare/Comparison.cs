namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>Does the runs of a plan one after the other, keeps those that are finished, and sums them up.</summary>
internal sealed class Comparison(ComparisonPlan plan, Func<ComparisonRun, IProgress<WorkState>, RunResult> execute)
{
    private readonly List<RunResult> _results = [];
    private readonly List<string> _failures = [];

    /// <summary>Gets what is finished, by this process or earlier ones.</summary>
    public IReadOnlyList<RunResult> Results => _results;

    /// <summary>Gets what went wrong, one line a run.</summary>
    public IReadOnlyList<string> Failures => _failures;

    /// <summary>Does what is not done yet. A run that fails does not keep the others from being done.</summary>
    /// <exception cref="UserException">The folder belongs to another comparison.</exception>
    public void Run(IProgress<WorkState> progress, CancellationToken cancellationToken)
    {
        foreach (var run in plan.Runs)
        {
            run.Prepare();
        }

        foreach (var (index, run) in plan.Runs.Index())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var part = new PartOfWork(progress, $"{run.System}, seed {run.Seed}", index, plan.Runs.Count);
            if ((run.Result() ?? Try(run, part)) is { } result)
            {
                _results.Add(result);
            }
        }
    }

    /// <summary>Sums results up, a row a system, in the plan's order.</summary>
    public IReadOnlyList<ComparisonRow> Sum() =>
    [
        .. from system in plan.Systems
           let runs = _results.Where(result => result.System == system.Name).ToArray()
           where runs.Length > 0
           select ComparisonRow.Of(system, runs, plan.SizeOf(system)),
    ];

    private RunResult? Try(ComparisonRun run, IProgress<WorkState> progress)
    {
        try
        {
            return execute(run, progress);
        }
        catch (UserException fault)
        {
            _failures.Add($"{run.System}, seed {run.Seed}: {fault.Message}");
            return null;
        }
    }

    private sealed class PartOfWork(IProgress<WorkState> whole, string name, int index, int count)
        : IProgress<WorkState>
    {
        public void Report(WorkState value) =>
            whole.Report(new((index + (value.Done ?? 0)) / count, $"{name} ({index + 1} of {count}): {value.Text}"));
    }
}
