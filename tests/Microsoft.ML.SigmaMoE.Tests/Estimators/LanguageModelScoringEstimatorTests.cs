using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class LanguageModelScoringEstimatorTests : IDisposable
{
    private readonly MLContext _context = new(1);
    private readonly LanguageModel _model = TinyModel.Create();
    private readonly IDataView _data;

    public LanguageModelScoringEstimatorTests() => _data = _context.Data.LoadFromEnumerable(Document.Many(40));

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Score_AllColumns_KeepsMachineLearningsContract()
    {
        var estimator = _context.Transforms.Text.ScoreTextWithLanguageModel("Text", _model, FakeTransformer.AllColumns);
        new EstimatorContract(_context).Check(estimator, _data, WithoutText(), TextAsNumber(), TextAsVector());
    }

    [Fact]
    public void Featurize_KeepsMachineLearningsContract()
    {
        var text = _context.Transforms.Text;
        var estimator = text.FeaturizeTextWithLanguageModel("Text", null, _model, PoolingKind.MeanAndMax);
        new EstimatorContract(_context).Check(estimator, _data, WithoutText(), TextAsNumber(), TextAsVector());
    }

    [Fact]
    public void Score_GivesWhatTheModelGives()
    {
        var view = Transform(_context.Transforms.Text.ScoreTextWithLanguageModel("Text", _model));
        var expected = _model.Score(view.GetColumn<string>("Text")).Select(score => (float)score.LogLikelihood);
        AssertClose(expected, view.GetColumn<float>("LogLikelihood"));
        Assert.Null(view.Schema.GetColumnOrNull("Features"));
    }

    [Theory]
    [InlineData(PoolingKind.Mean)]
    [InlineData(PoolingKind.MeanAndMax)]
    [InlineData(PoolingKind.SecondMoment)]
    public void Featurize_GivesWhatTheModelGives(PoolingKind pooling)
    {
        var text = _context.Transforms.Text;
        var view = Transform(text.FeaturizeTextWithLanguageModel("Vector", "Text", _model, pooling));
        var expected = _model.Embed(view.GetColumn<string>("Text"), new() { Pooling = pooling });
        AssertClose(expected.SelectMany(row => row), view.GetColumn<float[]>("Vector").SelectMany(row => row));
    }

    [Fact]
    public void Featurize_WithOptions_FollowsThem()
    {
        var options = new FeatureOptions { Layer = 1, Normalize = true };
        var text = _context.Transforms.Text;
        var view = Transform(text.FeaturizeTextWithLanguageModel("Vector", "Text", _model, options));
        var expected = _model.Embed(view.GetColumn<string>("Text"), options);
        AssertClose(expected.SelectMany(row => row), view.GetColumn<float[]>("Vector").SelectMany(row => row));
    }

    [Fact]
    public void Fit_ModelDisposedAfterwards_LeavesTheTransformerWorking()
    {
        var model = TinyModel.Create();
        using var transformer = _context.Transforms.Text.ScoreTextWithLanguageModel("Text", model).Fit(_data);
        model.Dispose();
        Assert.Equal(40, transformer.Transform(_data).GetColumn<float>("Perplexity").Count());
        Assert.Equal(5, transformer.Model.Score("words").TokenCount);
    }

    [Fact]
    public void Fit_TransformerDisposed_LeavesTheModelWorking()
    {
        _context.Transforms.Text.ScoreTextWithLanguageModel("Text", _model).Fit(_data).Dispose();
        Assert.Equal(5, _model.Score("words").TokenCount);
    }

    [Fact]
    public void Fit_ModelDisposedBefore_Throws()
    {
        var model = TinyModel.Create();
        var estimator = _context.Transforms.Text.ScoreTextWithLanguageModel("Text", model);
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => estimator.Fit(_data));
    }

    [Fact]
    public void Create_WrongArguments_Throws()
    {
        var text = _context.Transforms.Text;
        Assert.Throws<ArgumentNullException>(() => text.ScoreTextWithLanguageModel("Text", null!));
        Assert.Throws<ArgumentException>(() => text.ScoreTextWithLanguageModel(" ", _model));
        Assert.Throws<ArgumentNullException>(() => text.FeaturizeTextWithLanguageModel(null!, "Text", _model));
        Assert.Throws<ArgumentException>(() =>
            text.ScoreTextWithLanguageModel("Text", _model, new() { Perplexity = "Features" }));
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            text.FeaturizeTextWithLanguageModel("F", "Text", _model, new FeatureOptions { Layer = 9 }));
    }

    private IDataView Transform(LanguageModelScoringEstimator estimator) => estimator.Fit(_data).Transform(_data);

    // the view's windows make other batches, and so other roundings, than one call for all rows
    private static void AssertClose(IEnumerable<float> expected, IEnumerable<float> actual) =>
        TensorAssert.Close(tensor(expected.ToArray()), tensor(actual.ToArray()), tolerance: 1e-5);

    private IDataView WithoutText() => _context.Data.LoadFromEnumerable([new { Body = "a" }]);

    private IDataView TextAsNumber() => _context.Data.LoadFromEnumerable([new { Text = 1f }]);

    private IDataView TextAsVector() => _context.Data.LoadFromEnumerable([new { Text = new[] { "a", "b" } }]);
}
