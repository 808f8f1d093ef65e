namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>What a comparison leaves behind: comparison.md, comparison.csv and comparison.json.</summary>
internal sealed class ComparisonReport(
    ComparisonPlan plan,
    IReadOnlyList<ComparisonRow> rows, IReadOnlyList<RunResult> results, IReadOnlyList<string> words)
{
    private readonly ComparisonTable _table = new(rows);

    public IReadOnlyList<ComparisonRow> Rows => rows;

    public string Table => _table.ToMarkdown();

    public void Write(string folder)
    {
        WholeFile.Write(Path.Combine(folder, "comparison.md"), ToMarkdown());
        WholeFile.Write(Path.Combine(folder, "comparison.csv"), _table.ToCsv());
        WholeFile.Write(Path.Combine(folder, "comparison.json"), JsonLine.Of(new { Rows = rows, Runs = results }));
    }

    private string ToMarkdown()
    {
        var training = plan.Runs[0].Options.Training;
        return $"""
            # Comparison

            `{ShellWord.Command(words)}`

            - Model: {Shape(plan.Model)}; σ-MoE has {Experts(plan.Mixture)}.
            - Training: batches of {training.BatchSize}, learning rate {training.LearningRate}, {Limit(training)}; {results[0].TestTokens:N0} test tokens.
            - Machine: {Machine(RuntimeDescription.OfThisProcess())}.

            {Table}
            Means over runs with different seeds, ± the standard deviation. Feed-forward FLOPs are a share of the dense block's. Peak
            memory is that of the whole process at the end of training. Expert entropy is 1 when the test text uses all experts alike.
            The paper's column is its perplexity on WikiText-103: other text, tokens and size, so that only its order compares.

            """;
    }

    private static string Shape(ModelOptions model) =>
        $"d_model {model.ModelSize}, {model.LayerCount} layers, {model.HeadCount} heads, segments of {model.SegmentLength} tokens, "
        + $"a memory of {model.MemoryLength}";

    private static string Experts(MixtureOfExpertsOptions mixture) =>
        $"{mixture.ExpertCount} experts of {mixture.ExpertSize}, {mixture.ActiveExperts} a token";

    private static string Machine(RuntimeDescription runtime) =>
        $"libtorch with {runtime.TorchThreads} of {runtime.ProcessorCount} threads ({string.Join(", ", runtime.ProcessorFeatures)}), "
        + $"{runtime.OperatingSystem}, libtorch {runtime.TorchVersion}, {runtime.ProcessorPrecision}, experts by {runtime.ExpertKernel}, "
        + $"version {runtime.LibraryVersion}";

    private static string Limit(TrainingOptions training) => (training.MaxSteps, training.MaxDuration) switch
    {
        ({ } steps, null) => $"{steps:N0} steps",
        (null, { } time) => $"{time.TotalMinutes:0.##} minutes",
        ({ } steps, { } time) => $"{steps:N0} steps or {time.TotalMinutes:0.##} minutes",
        _ => $"{TrainingOptions.DefaultSteps:N0} steps",
    };
}
