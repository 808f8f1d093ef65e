using Microsoft.ML.SigmaMoE;

namespace QuickStart;

/// <summary>A language model after training, and what it says of the test rows.</summary>
/// <param name="Name">What it is called in tables.</param>
/// <param name="Transformer">The fitted pipeline step.</param>
/// <param name="Rows">The test rows, scored one by one.</param>
/// <param name="Test">The test rows taken together.</param>
internal sealed record TrainedModel(
    string Name, LanguageModelTransformer Transformer, IReadOnlyList<ScoredText> Rows, LanguageModelMetrics Test)
{
    public LanguageModel Model => Transformer.Model;

    /// <summary>Gets the state at the end of training.</summary>
    public TrainingProgress End => Model.History[^1];

    public double TokensPerSecond => End.Tokens / End.Elapsed.TotalSeconds;

    /// <summary>Gets the feed-forward work of a token; a multiplication and an addition are two operations.</summary>
    public long FeedForwardFlops => 2 * Model.Cost.FeedForwardMultiplyAdds;
}
