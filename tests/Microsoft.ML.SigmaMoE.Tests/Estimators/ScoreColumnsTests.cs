using Microsoft.ML.Data;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class ScoreColumnsTests
{
    private static readonly ScoreSizes Sizes = new(Features: 12, ExpertLayers: 2, Experts: 10);

    [Fact]
    public void For_AllColumns_HaveTheirTypesInOrder()
    {
        var columns = ScoreColumns.For(FakeTransformer.AllColumns, new FeatureOptions(), Sizes);
        Assert.Equal(
            [
                "Features: Vector<Single, 12>", "LogLikelihood: Single", "Perplexity: Single", "BitsPerByte: Single",
                "TokenCount: Int32", "TokenLogLikelihoods: Vector<Single>", "ExpertUsage: Vector<Single, 20>",
            ],
            columns.Select(column => $"{column.Definition.Name}: {column.Definition.Type}"));
    }

    [Fact]
    public void For_NullNames_LeavesColumnsOut() =>
        Assert.Empty(ScoreColumns.For(OutputColumns.None, new FeatureOptions(), Sizes));

    [Theory]
    [InlineData(PoolingKind.Mean, "Mean.01", "Mean.12")]
    [InlineData(PoolingKind.Last, "Last.01", "Last.12")]
    [InlineData(PoolingKind.MeanAndMax, "Mean.1", "Max.6")]
    public void For_Features_SlotsAreNamedAfterThePooling(PoolingKind pooling, string first, string last)
    {
        var options = new FeatureOptions { Pooling = pooling };
        var names = SlotNames(ScoreColumns.For(new OutputColumns(), options, Sizes)[0]);
        Assert.Equal(12, names.Distinct().Count());
        Assert.Equal(first, names[0]);
        Assert.Equal(last, names[^1]);
    }

    [Fact]
    public void For_ExpertUsage_SlotsAreNamedAfterLayerAndExpert()
    {
        var columns = OutputColumns.None with { ExpertUsage = "Usage" };
        var names = SlotNames(ScoreColumns.For(columns, new FeatureOptions(), Sizes)[0]);
        Assert.Equal(20, names.Length);
        Assert.Equal("Layer1.Expert01", names[0]);
        Assert.Equal("Layer2.Expert07", names[16]);
    }

    [Fact]
    public void For_ExpertUsageOfADenseModel_IsRefused()
    {
        var dense = Sizes with { ExpertLayers = 0, Experts = 0 };
        var fault = Assert.Throws<ArgumentException>(() =>
            ScoreColumns.For(FakeTransformer.AllColumns, new FeatureOptions(), dense));
        Assert.Contains("no experts", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AddTo_ColumnOfTheSameName_ReplacesIt()
    {
        var input = new SchemaShape(
            [new("LogLikelihood", SchemaShape.Column.VectorKind.Vector, TextDataViewType.Instance, false)]);
        var output = ScoreColumns.For(new OutputColumns(), new FeatureOptions(), Sizes).AddTo(input);
        Assert.Equal(5, output.Count);
        Assert.True(output.TryFindColumn("LogLikelihood", out var column));
        Assert.Equal("Single", column.GetTypeString());
    }

    private static string[] SlotNames(ScoreColumn column)
    {
        VBuffer<ReadOnlyMemory<char>> names = default;
        column.Definition.Annotations.GetValue("SlotNames", ref names);
        return [.. names.DenseValues().Select(name => name.ToString())];
    }
}
