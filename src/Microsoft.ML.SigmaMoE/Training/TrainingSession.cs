namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Everything that the next step of a training depends on, and so everything that a checkpoint holds. Owns what it
/// makes; the network and the texts belong to the caller.
/// </summary>
internal sealed class TrainingSession : IDisposable
{
    public TrainingSession(TransformerNetwork network, TrainingOptions options, TokenFile tokens, TokenFile? validation)
    {
        options.Validate();
        CheckVocabulary(network, tokens, "training");
        CheckVocabulary(network, validation, "validation");
        (Network, Options, Validation) = (network, options, validation);
        Stream = new(
            tokens, options.BatchSize, network.Model.SegmentLength, options.Shuffle ? options.Seed ?? 0 : null);
        StepLimit = options.StepLimit(Stream.StepsPerEpoch);
        Optimizer = new(network.named_parameters(), options);
        State = new() { LossScale = network.Precision.ScalesLosses ? new() : null };
        WorkerCount = options.WorkerCount(network);
        network.Randomness.Split(WorkerCount);
        var separator = options.Separator(tokens);
        Memories = [.. Enumerable.Range(0, options.GradientAccumulation * WorkerCount).Select(_ => new SegmentMemory(network.Model.MemoryLength, separator))];
        Identity = TrainingIdentity.Of(network, options, tokens, validation, WorkerCount);
    }

    /// <summary>Gets what is trained.</summary>
    public TransformerNetwork Network { get; }

    /// <summary>Gets how.</summary>
    public TrainingOptions Options { get; }

    /// <summary>Gets what is read.</summary>
    public TokenStream Stream { get; }

    /// <summary>Gets what the model is measured on, or null.</summary>
    public TokenFile? Validation { get; }

    /// <summary>Gets the number of tokens that a step is trained on.</summary>
    public long TokensPerStep => (long)Options.BatchSize * Network.Model.SegmentLength;

    /// <summary>Gets the step at which training ends, or null where only time limits it.</summary>
    public long? StepLimit { get; }

    /// <summary>Gets the optimiser and its moments.</summary>
    public AdamW Optimizer { get; }

    /// <summary>Gets how many passes of a step run side by side.</summary>
    public int WorkerCount { get; }

    /// <summary>Gets the memory of each of the passes that a batch is cut into.</summary>
    public IReadOnlyList<SegmentMemory> Memories { get; private set; }

    /// <summary>Gets the weights with the lowest validation loss.</summary>
    public WeightSnapshot Best { get; } = new();

    /// <summary>Gets or sets how far training has come.</summary>
    public TrainingState State { get; set; }

    /// <summary>Gets what must be the same when training goes on in another process.</summary>
    public TrainingIdentity Identity { get; }

    /// <summary>Gets or sets what the next report has to say in words.</summary>
    public string? Notice { get; set; }

    /// <summary>Cuts every pass into two, or the fewest parts of equally many rows, from the next step on.</summary>
    /// <returns>Whether there was more than one row.</returns>
    public bool TryCutFiner()
    {
        var rows = Options.BatchSize / Memories.Count;
        if (rows == 1)
        {
            return false;
        }

        var parts = Enumerable.Range(2, rows - 1).First(count => rows % count == 0);
        CutInto(Memories.Count * parts / WorkerCount);
        return true;
    }

    /// <summary>Cuts a batch into more passes for each worker; each remembers what its rows have read.</summary>
    public void CutInto(int accumulation)
    {
        var parts = accumulation * WorkerCount / Memories.Count;
        Memories = [.. Memories.SelectMany(memory => memory.Split(parts))];
        State.GradientAccumulation = accumulation;
    }

    /// <summary>Reports what has been added up since the last report, and begins to add up anew.</summary>
    public TrainingProgress TakeReport()
    {
        var sums = State.Interval;
        State.Interval = new();
        var report = new TrainingProgress
        {
            Step = State.Step,
            MaxSteps = StepLimit,
            Epoch = Stream.Position.Epoch,
            Tokens = State.Step * TokensPerStep,
            Loss = sums.CrossEntropy / sums.Steps,
            BalancingLoss = sums.Balancing / sums.Steps,
            LearningRate = State.LearningRate,
            GradientNorm = State.GradientNorm,
            TokensPerSecond = sums.Seconds > 0 ? sums.Steps * TokensPerStep / sums.Seconds : 0,
            Elapsed = State.Elapsed,
            Remaining = Remaining(sums.Seconds / sums.Steps),
            ExpertEntropy = sums.Entropies(),
            DeadExperts = sums.DeadExperts(),
            ValidationLoss = State.EvaluatedStep == State.Step ? State.ValidationLoss : null,
            LossScale = State.LossScale?.Value,
            SkippedSteps = State.LossScale?.SkippedSteps ?? 0,
            Notice = Notice,
        };
        Notice = null;
        State.Reports.Add(report);
        return report;
    }

    /// <summary>Forgets what was read: another part of the text follows.</summary>
    public void ForgetMemories()
    {
        foreach (var memory in Memories)
        {
            memory.Reset();
        }
    }

    public void Dispose()
    {
        Optimizer.Dispose();
        Best.Dispose();
        ForgetMemories();
    }

    private TimeSpan? Remaining(double secondsPerStep)
    {
        var bySteps = (StepLimit - State.Step) * TimeSpan.FromSeconds(secondsPerStep);
        var byTime = Options.MaxDuration - State.Elapsed;
        var least = bySteps is null || byTime < bySteps ? byTime : bySteps;
        return least < TimeSpan.Zero ? TimeSpan.Zero : least;
    }

    private static void CheckVocabulary(TransformerNetwork network, TokenFile? tokens, string purpose)
    {
        if (tokens is not null && tokens.VocabularySize != network.VocabularySize)
        {
            throw new ArgumentException(
                $"The {purpose} text was written with a vocabulary of {tokens.VocabularySize} tokens, but the model has "
                + $"{network.VocabularySize}; tokenise the text with the model's own tokenizer.");
        }
    }
}
