using Microsoft.ML.Data;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Scoring with a fake, as a transformer of an ML.NET pipeline; cannot be saved.</summary>
internal sealed class FakeTransformer : ITransformer, IDisposable
{
    private readonly RowScoring _scoring;

    public FakeTransformer(MLContext context, FakeScorer scorer, OutputColumns? columns = null, long? cacheLimit = null)
    {
        var reference = new Shared<IRowScorer>(scorer, _ => scorer.Dispose(), typeof(FakeTransformer));
        var added = ScoreColumns.For(columns ?? AllColumns, new FeatureOptions(), ScoreSizes.Of(scorer));
        _scoring = new(context, reference, new TextColumn("Text"), added)
        {
            CacheLimit = cacheLimit ?? RowScoring.DefaultCacheLimit,
        };
    }

    public static OutputColumns AllColumns { get; } = new()
    {
        TokenLogLikelihoods = "TokenLogLikelihoods",
        ExpertUsage = "ExpertUsage",
    };

    public bool IsRowToRowMapper => true;

    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => _scoring.GetOutputSchema(inputSchema);

    public IDataView Transform(IDataView input) => _scoring.Transform(input);

    public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema) => _scoring.GetRowToRowMapper(inputSchema);

    public void Save(ModelSaveContext ctx) => throw new NotSupportedException();

    public void Dispose() => _scoring.Dispose();
}
