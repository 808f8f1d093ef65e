namespace Microsoft.ML.SigmaMoE;

/// <summary>The lengths of what a model computes of a row: known from its options, before it is trained.</summary>
/// <param name="Features">The length of the feature vector.</param>
/// <param name="ExpertLayers">The number of layers with experts.</param>
/// <param name="Experts">The number of experts a layer.</param>
internal readonly record struct ScoreSizes(int Features, int ExpertLayers, int Experts)
{
    public static ScoreSizes Of(IRowScorer scorer) =>
        new(scorer.FeatureSize, scorer.ExpertLayerCount, scorer.ExpertCount);

    public static ScoreSizes Of(LanguageModelOptions options)
    {
        var features = options.Features.Size(options.Model.ModelSize);
        return options.FeedForward is MixtureOfExpertsOptions experts
            ? new(features, options.Model.LayerCount, experts.ExpertCount)
            : new(features, 0, 0);
    }
}
