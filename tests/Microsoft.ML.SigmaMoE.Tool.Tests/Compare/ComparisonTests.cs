namespace Microsoft.ML.SigmaMoE.Tool.Tests;

public sealed class ComparisonTests : IDisposable
{
    private static readonly IReadOnlyList<ComparedSystem> Systems =
        [ComparedSystems.DenseModel, ComparedSystems.Mixture];
    private readonly TemporaryFolder _folder = new();
    private readonly IProgress<WorkState> _progress = new Silence();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Run_ASecondTime_DoesOnlyWhatIsNotDone()
    {
        var plan = Plan(TinyRun.Options);
        var done = new List<string>();
        var first = new Comparison(
            plan, (run, _) => run.System == "dense" ? Store(run, done) : throw new UserException("no luck"));
        first.Run(_progress, CancellationToken.None);
        Assert.Equal(2, first.Results.Count);
        Assert.Equal(["sigma-moe, seed 1: no luck", "sigma-moe, seed 2: no luck"], first.Failures);

        done.Clear();
        var second = new Comparison(plan, (run, _) => Store(run, done));
        second.Run(_progress, CancellationToken.None);
        Assert.Equal(4, second.Results.Count);
        Assert.Equal(["sigma-moe 1", "sigma-moe 2"], done);
        Assert.Empty(second.Failures);
    }

    [Fact]
    public void Run_Interrupted_KeepsWhatIsFinished()
    {
        using var interrupted = new CancellationTokenSource();
        var comparison = new Comparison(Plan(TinyRun.Options), (run, _) =>
        {
            interrupted.Cancel();
            return Result(run);
        });
        Assert.Throws<OperationCanceledException>(() => comparison.Run(_progress, interrupted.Token));
        Assert.Equal("dense", Assert.Single(comparison.Sum()).System);
    }

    [Fact]
    public void Run_InAFolderOfAnotherComparison_IsRefused()
    {
        new Comparison(Plan(TinyRun.Options), (run, _) => Result(run)).Run(_progress, CancellationToken.None);
        var other = Plan(TinyRun.Options with { Training = TinyRun.Options.Training with { LearningRate = 0.5 } });
        var fault = Assert.Throws<UserException>(
            () => new Comparison(other, (run, _) => Result(run)).Run(_progress, CancellationToken.None));
        Assert.Contains("other options or text", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sum_SeveralSeeds_IsARowASystem()
    {
        var plan = Plan(TinyRun.Options);
        var comparison = new Comparison(plan, (run, _) => Result(run));
        comparison.Run(_progress, CancellationToken.None);
        var rows = comparison.Sum();
        Assert.Equal(["dense", "sigma-moe"], rows.Select(row => row.System));
        Assert.Equal((2, 1.5), (rows[0].Runs, rows[0].Perplexity.Mean));
        Assert.Equal((1.0, 0L), (rows[0].FeedForwardShare, rows[1].ParameterDifference));
        Assert.True(rows[1].FeedForwardShare < 1);

        var table = new ComparisonTable(rows);
        Assert.Contains("| dense |", table.ToMarkdown(), StringComparison.Ordinal);
        Assert.Contains("1.50 ± 0.71", table.ToMarkdown(), StringComparison.Ordinal);
        var csv = table.ToCsv().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, csv.Length);
        Assert.All(csv, line => Assert.Equal(csv[0].Count(c => c == ','), line.Count(c => c == ',')));
    }

    [Fact]
    public void Create_FromADenseRecipe_IsRefused()
    {
        var fault = Assert.Throws<UserException>(() => Plan(TinyRun.Options with { FeedForward = new DenseOptions() }));
        Assert.Contains("DenseOptions", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_EveryRun_DiffersInBlockAndSeedAlone()
    {
        var plan = Plan(TinyRun.Options);
        Assert.Equal(4, plan.Runs.Select(run => run.Folder).Distinct().Count());
        Assert.All(plan.Runs, run => Assert.Equal(
            TinyRun.Options.ToJson(),
            (run.Options with { FeedForward = TinyRun.Options.FeedForward, Training = run.Options.Training with { Seed = 5 } }).ToJson()));
    }

    private ComparisonPlan Plan(LanguageModelOptions recipe) =>
        ComparisonPlan.Create(recipe, Systems, 2, new() { Files = ["a.txt"] }, _folder.Path);

    private static RunResult Store(ComparisonRun run, List<string> done)
    {
        done.Add($"{run.System} {run.Seed}");
        File.WriteAllText(
            Path.Combine(run.Folder, "result.json"), System.Text.Json.JsonSerializer.Serialize(Result(run)));
        return Result(run);
    }

    private static RunResult Result(ComparisonRun run) => new()
    {
        System = run.System,
        Seed = run.Seed,
        Parameters = 10,
        Steps = 1,
        Tokens = 2,
        Seconds = 1,
        PeakBytes = 3,
        TestTokens = 4,
        Perplexity = run.Seed,
        BitsPerByte = 0.5,
    };

    private sealed class Silence : IProgress<WorkState>
    {
        public void Report(WorkState value)
        {
        }
    }
}
