namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>One training and its folder: the model, checkpoints/ and metrics.csv.</summary>
internal sealed record TrainingRun(string Folder, TextInput Text, LanguageModelOptions Options)
{
    /// <summary>Gets the text to measure on; null keeps a share of <see cref="Text"/> for that.</summary>
    public TextInput? Validation { get; init; }

    /// <summary>Gets the folder of a model to go on from.</summary>
    public string? InitialModel { get; init; }

    /// <summary>Gets whether the folder's checkpoint is gone on with.</summary>
    public bool Resumes { get; init; }

    private string Checkpoints => Path.Combine(Folder, "checkpoints");

    /// <summary>Trains and saves.</summary>
    /// <returns>The model, which the caller disposes.</returns>
    /// <exception cref="InterruptedException">Ctrl+C; the message says how to go on.</exception>
    public LanguageModel Train(IProgress<WorkState> progress, Shell shell)
    {
        CheckFolder();
        var log = new RunLog(Folder);
        try
        {
            var model = Fit(new TrainingDisplay(progress, log, shell), shell.Interrupted);
            model.Save(Folder);
            log.Write(model.History);
            return model;
        }
        catch (OperationCanceledException) when (shell.Interrupted.IsCancellationRequested)
        {
            throw new InterruptedException(HasCheckpoint
                ? $"Stopped; a checkpoint is in {Checkpoints}. Go on with:{Environment.NewLine}  {Resumption(shell.Words)}"
                : "Stopped before the first training step; nothing was written.");
        }
    }

    /// <summary>Deletes what only an interrupted training needs.</summary>
    public void DeleteCheckpoints() => Directory.Delete(Checkpoints, recursive: true);

    private bool HasCheckpoint =>
        Directory.Exists(Checkpoints) && Directory.EnumerateDirectories(Checkpoints, "step-*")
            .Any(folder => !folder.EndsWith(".tmp", StringComparison.Ordinal));

    private LanguageModel Fit(IProgress<TrainingProgress> display, CancellationToken cancellationToken)
    {
        var context = new MLContext(Options.Training.Seed);
        using var initial = InitialModel is { } folder ? DeviceOptions.Load(folder) : null;
        var options = initial is null ? Options : initial.Options with
        {
            Training = Options.Training,
            GpuDeviceId = Options.GpuDeviceId,
            FallbackToCpu = Options.FallbackToCpu,
        };
        options = options with
        {
            Training = options.Training with
            {
                CheckpointDirectory = Checkpoints,
                Resume = Resumes,
                OnCancel = CancellationBehavior.Throw,
                Progress = display,
                CancellationToken = cancellationToken,
            },
        };
        var estimator = context.Transforms.Text.SigmaMoELanguageModel(nameof(TextRow.Text), options);
        return estimator.Fit(Text.View(context), Validation?.View(context), initial).Model;
    }

    private void CheckFolder()
    {
        if (HasCheckpoint && !Resumes)
        {
            throw new UserException(
                $"{Folder} holds a training already; add --resume to go on with it, or choose another --output.");
        }
    }

    private static string Resumption(IReadOnlyList<string> words) =>
        ShellWord.Command(words.Contains("--resume") ? words : words.Append("--resume"));
}
