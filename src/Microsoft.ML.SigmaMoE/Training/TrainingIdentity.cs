namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// What of a training cannot change while it is interrupted: the model, the texts and the order of reading. The
/// optimiser's settings may, since a training that broke down goes on with others, and so may the number type: weights
/// are float32 in all. Bit for bit as without interruption it ends with the same ones.
/// </summary>
internal sealed record TrainingIdentity(
    ModelOptions Model,
    FeedForwardOptions FeedForward,
    int VocabularySize,
    string TrainingText,
    string? ValidationText,
    int BatchSize,
    int GradientAccumulation,
    int Workers,
    bool Shuffle,
    bool IndependentDocuments,
    int? Seed)
{
    public static TrainingIdentity Of(
        TransformerNetwork network, TrainingOptions options, TokenFile tokens, TokenFile? validation,
        int workers) => new(
        network.Model,
        network.FeedForward,
        network.VocabularySize,
        tokens.Hash,
        validation?.Hash,
        options.BatchSize,
        options.GradientAccumulation,
        workers,
        options.Shuffle,
        options.IndependentDocuments,
        options.Seed);

    /// <summary>
    /// Says where two trainings differ, "Model.LayerCount is 4, was 6", or nothing where they do not.
    /// </summary>
    public IEnumerable<string> DifferencesFrom(TrainingIdentity earlier) => JsonDifferences.Between(this, earlier)
        .Select(difference => $"{difference.Path} is {difference.One}, was {difference.Other}");
}
