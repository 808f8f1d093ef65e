namespace Microsoft.ML.SigmaMoE;

/// <summary>The lengths of what a model computes of a row: known from its options, before it is trained.</summary>
/// <param name="Features">The length of the feature vector.</param>
/// <param name="ExpertLayers">The number of layers with experts.</param>
/// <param name="Experts">The number of experts a layer.</param>
internal readonly record struct ScoreSizes(int Features, int ExpertLayers, int Experts)
{
    public static ScoreSizes Of(IRowScorer scorer) =>
        new(scorer.FeatureSize, scorer.ExpertLayerCount, scorer.ExpertCount);
}
