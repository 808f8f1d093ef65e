namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Every system through the same pipeline, changed by one record.</summary>
public sealed class EverySystemTests
{
    private static readonly LanguageModelOptions Options = new()
    {
        Model = TinyModel.Model,
        Tokenizer = new ByteTokenizerOptions(),
        Precision = Precision.Float32,
        Training = new() { MaxSteps = 60, BatchSize = 4, ReportInterval = 10, LearningRate = 0.02 },
    };

    public static TheoryData<FeedForwardOptions> Blocks => [.. TinyModel.Blocks];

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Pipeline_OfAnyBlock_LearnsScoresAndComesBackFromAFile(FeedForwardOptions block)
    {
        var context = new MLContext(seed: 7);
        using var folder = new TemporaryFolder();
        var data = context.Data.LoadFromEnumerable(Enumerable.Repeat(new Document { Text = "abcabcabcabc" }, 40));
        var columns = new OutputColumns { ExpertUsage = block is MixtureOfExpertsOptions ? "ExpertUsage" : null };
        var options = Options with { FeedForward = block, Columns = columns };
        using var model = context.Transforms.Text.SigmaMoELanguageModel("Text", options).Fit(data);
        Assert.True(model.Model.History[^1].Loss < model.Model.History[0].Loss - 0.5);

        context.Model.Save(model, data.Schema, folder.File("model.zip"));
        using var loaded = (IDisposable)new MLContext().Model.Load(folder.File("model.zip"), out _);
        var scored = Rows(context, model.Transform(data));
        Assert.Equal(
            scored.Select(row => row.Perplexity),
            Rows(context, ((ITransformer)loaded).Transform(data)).Select(row => row.Perplexity));
        Assert.All(scored, row => Assert.Contains(row.Features, feature => feature != 0));
    }

    private static List<Row> Rows(MLContext context, IDataView data) =>
        [.. context.Data.CreateEnumerable<Row>(data, reuseRowObject: false, ignoreMissingColumns: true)];

    private sealed class Row
    {
        public float Perplexity { get; set; }

        public float[] Features { get; set; } = [];
    }
}
