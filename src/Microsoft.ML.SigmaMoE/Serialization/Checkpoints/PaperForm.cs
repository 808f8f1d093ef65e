namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A language model of the paper's code, with its names (the weights are also what our model folders hold).
/// </summary>
internal sealed class PaperForm(ICheckpoint checkpoint) : CheckpointForm(checkpoint)
{
    public const string Embedding = "embedding.weight";

    public override WeightTable Names => WeightNames.Authors;

    public static bool Recognises(ICheckpoint checkpoint) => checkpoint.Tensors.ContainsKey(Embedding);

    public override bool IsIgnored(string name) => WeightNames.IsIgnored(name);

    public override ModelConfiguration Describe(ImportOptions options)
    {
        var known = CheckpointMetadata.Read(Stored);
        var shapes = PaperShapes.Of(Stored);
        var arguments = new PaperArguments(Stored);
        var model = options.Model ?? known?.Options.Model ?? arguments.Model(shapes);
        shapes.Check(model, Stored.Path);
        var feedForward = options.FeedForward ?? known?.Options.FeedForward
            ?? new PaperFeedForward(Stored, arguments, options).Find();
        return new()
        {
            VocabularySize = shapes.Vocabulary,
            Options = (known?.Options ?? new()) with { Model = model, FeedForward = WithActive(feedForward, options) },
        };
    }
}
