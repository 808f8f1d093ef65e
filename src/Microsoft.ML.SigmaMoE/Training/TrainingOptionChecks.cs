namespace Microsoft.ML.SigmaMoE;

/// <summary>What training options must fulfil, each with a message that says what would be right.</summary>
internal static class TrainingOptionChecks
{
    /// <exception cref="ArgumentException">An option is out of range, or two contradict each other.</exception>
    public static void Validate(TrainingOptions options)
    {
        CheckLimits(options);
        CheckOptimizer(options);
        CheckEvaluation(options);
        CheckCheckpoints(options);
    }

    private static void CheckLimits(TrainingOptions options)
    {
        AtLeastOne(options.BatchSize, nameof(options.BatchSize));
        AtLeastOne(options.GradientAccumulation, nameof(options.GradientAccumulation));
        AtLeastOne(options.Workers, nameof(options.Workers));
        AtLeastOne(options.MaxSteps, nameof(options.MaxSteps));
        AtLeastOne(options.MaxEpochs, nameof(options.MaxEpochs));
        Positive(options.MaxDuration, nameof(options.MaxDuration));
        AtLeastOne(options.ReportInterval, nameof(options.ReportInterval));
        var passes = (long)options.GradientAccumulation * (options.Workers ?? 1);
        if (options.BatchSize % passes != 0)
        {
            throw new ArgumentException(
                $"BatchSize {options.BatchSize} cannot be cut into {passes} equal passes (GradientAccumulation × Workers).");
        }
    }

    private static void CheckOptimizer(TrainingOptions options)
    {
        Positive(options.LearningRate, nameof(options.LearningRate));
        OptionChecks.ThrowIfNotFinite(options.MinimumLearningRate, nameof(options.MinimumLearningRate));
        ArgumentOutOfRangeException.ThrowIfNegative(options.WarmupSteps ?? 0, nameof(options.WarmupSteps));
        OptionChecks.ThrowIfNotProbability(options.Beta1, nameof(options.Beta1));
        OptionChecks.ThrowIfNotProbability(options.Beta2, nameof(options.Beta2));
        Positive(options.Epsilon, nameof(options.Epsilon));
        OptionChecks.ThrowIfNotFinite(options.WeightDecay, nameof(options.WeightDecay));
        Positive(options.ClipNorm ?? 1, nameof(options.ClipNorm));
        if (options.MinimumLearningRate > options.LearningRate)
        {
            throw new ArgumentException(
                $"MinimumLearningRate {options.MinimumLearningRate} is above LearningRate {options.LearningRate}.");
        }
    }

    private static void CheckEvaluation(TrainingOptions options)
    {
        OptionChecks.ThrowIfNotProbability(options.ValidationFraction, nameof(options.ValidationFraction));
        AtLeastOne(options.EvaluationInterval, nameof(options.EvaluationInterval));
        AtLeastOne(options.EvaluationTokens, nameof(options.EvaluationTokens));
        AtLeastOne(options.EarlyStoppingPatience, nameof(options.EarlyStoppingPatience));
        if (!Enum.IsDefined(options.OnCancel))
        {
            throw new ArgumentOutOfRangeException(
                nameof(options.OnCancel),
                options.OnCancel,
                $"OnCancel is {options.OnCancel}; it must be one of {string.Join(", ", Enum.GetNames<CancellationBehavior>())}.");
        }
    }

    private static void CheckCheckpoints(TrainingOptions options)
    {
        AtLeastOne(options.CheckpointInterval, nameof(options.CheckpointInterval));
        Positive(options.CheckpointPeriod, nameof(options.CheckpointPeriod));
        AtLeastOne(options.KeepCheckpoints, nameof(options.KeepCheckpoints));
        if (options.CheckpointDirectory is { } folder)
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(folder, nameof(options.CheckpointDirectory));
        }
        else if (options.Resume || options.CheckpointInterval is not null)
        {
            throw new ArgumentException("Resume and CheckpointInterval need a CheckpointDirectory; set one.");
        }
    }

    private static void AtLeastOne(int? value, string name)
    {
        if (value < 1)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} is {value}; it must be at least 1.");
        }
    }

    private static void Positive(double value, string name)
    {
        if (!double.IsFinite(value) || value <= 0)
        {
            throw new ArgumentOutOfRangeException(
                name, value, $"{name} is {value}; it must be a finite number above 0.");
        }
    }

    private static void Positive(TimeSpan? value, string name)
    {
        if (value <= TimeSpan.Zero)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} is {value}; it must be longer than no time.");
        }
    }
}
