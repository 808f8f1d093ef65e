using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// What training has to say after a step. Losses are means over the tokens since the report before, in nats.
/// </summary>
public sealed record TrainingProgress
{
    /// <summary>Gets the number of steps done, over all resumptions.</summary>
    public required long Step { get; init; }

    /// <summary>Gets the number of steps at which training ends, or null where only time limits it.</summary>
    public long? MaxSteps { get; init; }

    /// <summary>Gets the pass over the text, the first being 0.</summary>
    public int Epoch { get; init; }

    /// <summary>Gets the number of tokens trained on.</summary>
    public long Tokens { get; init; }

    /// <summary>Gets the cross entropy per token.</summary>
    public required double Loss { get; init; }

    /// <summary>Gets e to the power of <see cref="Loss"/>.</summary>
    [JsonIgnore]
    public double Perplexity => Math.Exp(Loss);

    /// <summary>Gets the weighted balancing loss over all layers; 0 for a model without experts.</summary>
    public double BalancingLoss { get; init; }

    /// <summary>Gets the learning rate of the last step.</summary>
    public double LearningRate { get; init; }

    /// <summary>Gets the length of the gradient of the last step that was taken, before clipping.</summary>
    public double GradientNorm { get; init; }

    /// <summary>Gets the tokens trained on a second since the report before.</summary>
    public double TokensPerSecond { get; init; }

    /// <summary>Gets the time since the start, over all resumptions.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>Gets the time left at the present speed, or null while it cannot be told.</summary>
    public TimeSpan? Remaining { get; init; }

    /// <summary>
    /// Gets for each layer with experts the entropy of how often each was chosen, divided by its largest value: 1 when
    /// all are used alike, 0 when one does everything.
    /// </summary>
    public IReadOnlyList<double> ExpertEntropy { get; init; } = [];

    /// <summary>Gets for each layer with experts how many were chosen by no token.</summary>
    public IReadOnlyList<int> DeadExperts { get; init; } = [];

    /// <summary>Gets the validation loss per token, where this step measured it.</summary>
    public double? ValidationLoss { get; init; }

    /// <summary>
    /// Gets what losses are multiplied by before their gradients are taken in float16, or null in other numbers.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? LossScale { get; init; }

    /// <summary>
    /// Gets the number of steps that changed no weight, over all resumptions in this precision, because float16 had no
    /// room for their gradients: a few at first, while the scale is found. They count as steps.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long SkippedSteps { get; init; }

    /// <summary>
    /// Gets what one should know besides, in words: that memory ran out and a batch is cut into more passes; or null.
    /// </summary>
    public string? Notice { get; init; }
}
