namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>An estimator with nothing to learn.</summary>
internal sealed class FakeEstimator(MLContext context, FakeScorer scorer) : IEstimator<FakeTransformer>
{
    public FakeTransformer Fit(IDataView input) => new(context, scorer);

    public SchemaShape GetOutputSchema(SchemaShape inputSchema) =>
        ScoreColumns.For(FakeTransformer.AllColumns, new FeatureOptions(), ScoreSizes.Of(scorer)).AddTo(inputSchema);
}
