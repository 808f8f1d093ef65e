using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// How a language model is trained. Everything but the two properties about the running program is its JSON.
/// </summary>
/// <remarks>
/// <see cref="MaxSteps"/>, <see cref="MaxEpochs"/> and <see cref="MaxDuration"/> limit the training together: the first
/// one reached ends it, and the learning rate falls towards whichever comes first. Without any, it takes
/// <see cref="DefaultSteps"/> steps. A training that is limited by steps or epochs gives the same model every time on
/// one machine's CPU; one that is limited by time cannot.
/// </remarks>
public sealed record TrainingOptions
{
    /// <summary>The number of steps where neither steps, epochs nor time are limited.</summary>
    public const int DefaultSteps = 2000;

    internal const int DefaultWarmupSteps = 100;

    // each worker keeps a gradient of its own: together half a gigabyte
    private const long MostGradients = 1L << 27;
    private const int FewestTokensPerWorker = 512;

    /// <summary>
    /// Gets the number of streams of text read side by side (B). Each step reads one segment of each.
    /// </summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>
    /// Gets into how many passes of equally many streams a batch is cut, to save memory. The gradient is that of the
    /// whole batch; only a balancing loss sees one pass at a time. Where memory runs out all the same, training takes
    /// twice as many from that step on and says so (<see cref="TrainingProgress.Notice"/>).
    /// </summary>
    public int GradientAccumulation { get; init; } = 1;

    /// <summary>
    /// Gets on how many threads parts of a batch are trained side by side: equally many streams each, with the gradient
    /// of the whole batch, but for a balancing loss that sees one part at a time. Null takes up to as many as libtorch
    /// has threads on a processor, so that each has 512 tokens or more a step, and 1 on a GPU or for a large model.
    /// With several workers, a want of memory in a backward pass ends the process.
    /// </summary>
    public int? Workers { get; init; }

    /// <summary>Gets the largest number of steps, or null.</summary>
    public int? MaxSteps { get; init; }

    /// <summary>Gets the largest number of passes over the text, or null.</summary>
    public int? MaxEpochs { get; init; }

    /// <summary>
    /// Gets the longest time, or null. A resumed training counts the time before the interruption too.
    /// </summary>
    public TimeSpan? MaxDuration { get; init; }

    /// <summary>
    /// Gets the largest learning rate. The default suits models of a few million parameters trained for thousands of
    /// steps; the paper takes 0.00025 for 47 to 262 million and 100,000 steps.
    /// </summary>
    public double LearningRate { get; init; } = 0.001;

    /// <summary>Gets the learning rate at which the cosine ends.</summary>
    public double MinimumLearningRate { get; init; }

    /// <summary>
    /// Gets the number of steps over which the learning rate rises at the start; null takes 100, or a tenth of the
    /// steps if that is less.
    /// </summary>
    /// <remarks>
    /// As in the authors' code the warm-up shifts the cosine but does not shorten it: with 4000 of 100,000 steps the
    /// last rate is 0.4 % of the largest, not 0. The paper has 4000 for its big model and none for the others.
    /// </remarks>
    public int? WarmupSteps { get; init; }

    /// <summary>Gets how slowly AdamW's mean of gradients changes (β₁).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Gets how slowly AdamW's mean of squared gradients changes (β₂).</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Gets what AdamW adds to the denominator (ε).</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>
    /// Gets the decoupled weight decay of matrices; vectors (biases, normalisations) never decay. None by default:
    /// the paper writes Adam, its code runs AdamW without decay, which is the same.
    /// </summary>
    public double WeightDecay { get; init; }

    /// <summary>Gets the length to which a longer gradient over all parameters is cut (κ), or null for
    /// never.</summary>
    /// <remarks>
    /// 0.25 is what the paper says for all models, and the default. The runs of its small dense models and of their
    /// Top-K twins have 0.1, so that they and the small σ-MoE were not trained quite alike.
    /// </remarks>
    public double? ClipNorm { get; init; } = 0.25;

    /// <summary>
    /// Gets whether documents are brought into a random order, and every epoch reads that in an order of its own, in
    /// runs of 16 segments. The paper's order is that of the text.
    /// </summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>
    /// Gets whether a document sees nothing of those before it, as when texts are scored. Without it, text runs on
    /// through documents as in the paper, and the model learns to copy from neighbours that it does not have when it
    /// scores.
    /// </summary>
    public bool IndependentDocuments { get; init; } = true;

    /// <summary>
    /// Gets the share of rows that are kept from training to measure it, chosen by the seed; used when no validation
    /// set is given. Rows are never cut, so very few rows may leave none.
    /// </summary>
    public double ValidationFraction { get; init; } = 0.05;

    /// <summary>Gets after how many steps the validation loss is measured. It is also measured at the end.</summary>
    public int EvaluationInterval { get; init; } = 250;

    /// <summary>Gets how many tokens of the validation set one measurement reads at most, or null for all.</summary>
    public int? EvaluationTokens { get; init; } = 65536;

    /// <summary>
    /// Gets after how many measurements without a lower validation loss training ends, or null for never.
    /// </summary>
    public int? EarlyStoppingPatience { get; init; }

    /// <summary>Gets whether the weights with the lowest validation loss are put back at the end.</summary>
    public bool RestoreBest { get; init; } = true;

    /// <summary>Gets the folder of the checkpoints, or null for none.</summary>
    public string? CheckpointDirectory { get; init; }

    /// <summary>
    /// Gets after how many steps a checkpoint is written, or null. One is also written when training is cancelled.
    /// </summary>
    public int? CheckpointInterval { get; init; }

    /// <summary>Gets after how much time a checkpoint is written, or null.</summary>
    public TimeSpan? CheckpointPeriod { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Gets how many checkpoints are kept; older ones are deleted.</summary>
    public int KeepCheckpoints { get; init; } = 2;

    /// <summary>
    /// Gets whether training goes on from the latest checkpoint in <see cref="CheckpointDirectory"/>, if there is one.
    /// Without it, a directory that holds checkpoints already is refused.
    /// </summary>
    public bool Resume { get; init; }

    /// <summary>Gets what happens when training is cancelled.</summary>
    public CancellationBehavior OnCancel { get; init; }

    /// <summary>Gets after how many steps progress is reported and recorded.</summary>
    public int ReportInterval { get; init; } = 10;

    /// <summary>
    /// Gets the seed of initial weights, dropout and order; null takes that of the MLContext, else 0.
    /// </summary>
    public int? Seed { get; init; }

    /// <summary>
    /// Gets who is told about the progress. It is called on the training thread: a slow receiver slows training.
    /// </summary>
    [JsonIgnore]
    public IProgress<TrainingProgress>? Progress { get; init; }

    /// <summary>Gets what cancels training; answered within one step.</summary>
    [JsonIgnore]
    public CancellationToken CancellationToken { get; init; }

    /// <summary>
    /// Gets what is called before every step, and may throw <see cref="OperationCanceledException"/>.
    /// </summary>
    [JsonIgnore]
    internal Action? BeforeStep { get; init; }

    internal long? StepLimit(long stepsPerEpoch)
    {
        var byEpochs = MaxEpochs * stepsPerEpoch;
        return (MaxSteps, byEpochs, MaxDuration) switch
        {
            (null, null, null) => DefaultSteps,
            (null, _, _) => byEpochs,
            (_, null, _) => MaxSteps,
            _ => Math.Min(MaxSteps.Value, byEpochs.Value),
        };
    }

    internal int WorkerCount(TransformerNetwork network)
    {
        if (Workers is { } asked)
        {
            return asked;
        }

        var rows = BatchSize / GradientAccumulation;
        var parameters = network.parameters().Sum(parameter => parameter.numel());
        var most = network.Device.type == TorchSharp.DeviceType.CPU ? TorchSharp.torch.get_num_threads() : 1;
        return Enumerable.Range(1, most).Last(count => count == 1 || (rows % count == 0
            && (long)rows / count * network.Model.SegmentLength >= FewestTokensPerWorker
            && count * parameters <= MostGradients));
    }

    internal int? Separator(TokenFile tokens) => IndependentDocuments ? tokens.Separator : null;

    internal LearningRateSchedule Schedule(long? stepLimit)
    {
        var warmup = WarmupSteps ?? (int)Math.Min(DefaultWarmupSteps, (stepLimit ?? long.MaxValue) / 10);
        return new(LearningRate, MinimumLearningRate, warmup, stepLimit);
    }

    internal void Validate() => TrainingOptionChecks.Validate(this);
}
