using Microsoft.ML.Data;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TrainingHistoryTests
{
    private readonly MLContext _context = new(seed: 1);

    [Fact]
    public void History_OfATrainedTransformer_IsATableThatIsSavedWithIt()
    {
        var options = new LanguageModelOptions
        {
            Model = TinyModel.Model,
            FeedForward = TinyModel.Experts,
            Tokenizer = new ByteTokenizerOptions(),
            Training = TrainingRun.Options with { MaxSteps = 6, ReportInterval = 2 },
        };
        var data = _context.Data.LoadFromEnumerable(Document.Many(300));
        using var trained = _context.Transforms.Text.SigmaMoELanguageModel("Text", options).Fit(data);
        using var stream = new MemoryStream();
        _context.Model.Save(trained, data.Schema, stream);
        stream.Position = 0;
        var loaded = (LanguageModelTransformer)_context.Model.Load(stream, out _);
        foreach (var transformer in new[] { trained, loaded })
        {
            var history = transformer.History;
            Assert.Equal([2L, 4, 6], history.GetColumn<long>("Step"));
            Assert.Equal(transformer.Model.History.Select(report => report.Loss), history.GetColumn<double>("Loss"));
            Assert.Equal(
                transformer.Model.History.Select(report => report.ValidationLoss ?? double.NaN),
                history.GetColumn<double>("ValidationLoss"));
            Assert.Equal(
                transformer.Model.History.Select(report => report.Elapsed.TotalSeconds),
                history.GetColumn<double>("ElapsedSeconds"));
            Assert.All(
                history.GetColumn<float[]>("DeadExperts"),
                layers => Assert.Equal(options.Model.LayerCount, layers.Length));
            Assert.True(((VectorDataViewType)history.Schema["ExpertEntropy"].Type).IsKnownSize);
        }

        loaded.Dispose();
        Assert.Throws<ObjectDisposedException>(() => loaded.History);
    }

    [Fact]
    public void View_OfNothing_HasNoRows()
    {
        var view = TrainingHistory.View(_context, []);
        Assert.Empty(view.GetColumn<double>("Loss"));
        Assert.Contains("LearningRate", view.Schema.Select(column => column.Name));
    }

    [Fact]
    public void View_OfATrainingInFloat16_HasTheScaleOfItsLosses()
    {
        var view = TrainingHistory.View(
            _context,
            [new() { Step = 1, Loss = 2 }, new() { Step = 2, Loss = 2, LossScale = 32768, SkippedSteps = 1 }]);
        Assert.Equal([double.NaN, 32768], view.GetColumn<double>("LossScale"));
        Assert.Equal([0L, 1], view.GetColumn<long>("SkippedSteps"));
    }

    [Fact]
    public void View_OfADenseModel_HasEmptyLayers() =>
        Assert.Empty(Assert.Single(TrainingHistory.View(_context, [new() { Step = 1, Loss = 2 }]).GetColumn<float[]>("ExpertEntropy")));
}
