using Microsoft.ML.Data;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class LanguageModelEstimatorTests
{
    private static readonly LanguageModelOptions Options = new()
    {
        Model = TinyModel.Model,
        FeedForward = TinyModel.Experts,
        Tokenizer = new ByteTokenizerOptions(),
        Precision = Precision.Float32,
        Training = new() { MaxSteps = 4, BatchSize = 2, ReportInterval = 1, LearningRate = 0.01 },
    };

    private readonly MLContext _context = new(seed: 7);
    private readonly IDataView _data;

    public LanguageModelEstimatorTests() => _data = _context.Data.LoadFromEnumerable(Document.Many(60));

    [Fact]
    public void Estimator_KeepsMachineLearningsContract()
    {
        var estimator = _context.Transforms.Text.SigmaMoELanguageModel(
            "Text", Options with { Columns = FakeTransformer.AllColumns });
        var wrong = _context.Data.LoadFromEnumerable([new { Text = 1f }]);
        var missing = _context.Data.LoadFromEnumerable([new { Body = "a" }]);
        new EstimatorContract(_context).Check(estimator, _data, wrong, missing);
    }

    [Fact]
    public void Fit_RepeatedText_LearnsIt()
    {
        var data = _context.Data.LoadFromEnumerable(Enumerable.Repeat(new Document { Text = "abababababab" }, 200));
        using var transformer = Fit(Options with { Training = Options.Training with { MaxSteps = 150 } }, data);
        var metrics = _context.LanguageModeling.Evaluate(transformer.Transform(data));
        Assert.InRange(metrics.Perplexity, 1, 5);    // of 256 bytes; 2 letters
    }

    [Fact]
    public void Fit_SameSeed_GivesTheSameModel()
    {
        using var one = Fit(Options, _data);
        using var two = new MLContext(seed: 7).Transforms.Text.SigmaMoELanguageModel(options: Options).Fit(_data);
        using var other = new MLContext(seed: 8).Transforms.Text.SigmaMoELanguageModel(options: Options).Fit(_data);
        Assert.Equal(7, one.Model.Options.Training.Seed);
        Assert.Equal(one.Model.Score("text").TokenLogLikelihoods, two.Model.Score("text").TokenLogLikelihoods);
        Assert.NotEqual(one.Model.Score("text").TokenLogLikelihoods, other.Model.Score("text").TokenLogLikelihoods);
    }

    [Fact]
    public void Fit_SeedInTheOptions_WinsOverTheContext()
    {
        using var transformer = Fit(Options with { Training = Options.Training with { Seed = 3 } }, _data);
        Assert.Equal(3, transformer.Model.Options.Training.Seed);
    }

    [Fact]
    public void Fit_ValidationData_IsMeasuredOn()
    {
        var options = Options with { Training = Options.Training with { ValidationFraction = 0 } };
        using var without = Fit(options, _data);
        using var with = _context.Transforms.Text.SigmaMoELanguageModel(options: options).Fit(_data, _data);
        Assert.All(without.Model.History, report => Assert.Null(report.ValidationLoss));
        Assert.NotNull(with.Model.History[^1].ValidationLoss);
    }

    [Fact]
    public void Fit_InitialModel_IsTrainedFurtherAndStaysAsItIs()
    {
        var data = _context.Data.LoadFromEnumerable(Enumerable.Repeat(new Document { Text = "abababababab" }, 200));
        using var initial = Fit(Options with { Training = Options.Training with { MaxSteps = 150 } }, data).Model;
        var before = initial.Score("abab").TokenLogLikelihoods;
        using var further = _context.Transforms.Text.SigmaMoELanguageModel(options: Options).Fit(data, null, initial);
        Assert.Equal(before, initial.Score("abab").TokenLogLikelihoods);
        Assert.NotEqual(before, further.Model.Score("abab").TokenLogLikelihoods);
        Assert.Equal([1, 2, 3, 4], further.Model.History.Select(report => report.Step));
        Assert.InRange(initial.History[^1].Loss, 0, 1.6);    // ln 256 = 5.5 without training
        Assert.Equal(initial.History[^1].Loss, further.Model.History[0].Loss, tolerance: 0.3);
    }

    [Fact]
    public void Fit_InitialModelAndNextToNoLearningRate_GivesItsScores()
    {
        using var initial = TinyModel.Create(Options with { Training = Options.Training with { Seed = 1234 } });
        var still = Options with { Training = Options.Training with { LearningRate = 1e-12 } };
        using var further = _context.Transforms.Text.SigmaMoELanguageModel(options: still).Fit(_data, null, initial);
        var (expected, actual) = (initial.Score("text"), further.Model.Score("text"));
        Assert.All(
            expected.TokenLogLikelihoods.Zip(actual.TokenLogLikelihoods),
            pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
    }

    [Fact]
    public void Fit_InitialModelOfOtherOptions_SaysWhichTheyAre()
    {
        using var initial = TinyModel.Create(Options);
        var bytePair = new BytePairTokenizerOptions { VocabularySize = 300 };
        var (wide, deep) = (TinyModel.Experts with { ExpertSize = 5 }, TinyModel.Model with { LayerCount = 3 });
        AssertRefused(Options with { FeedForward = wide }, "FeedForward.ExpertSize is 5, the model's 3");
        AssertRefused(Options with { Model = deep }, "Model.LayerCount is 3, the model's 2");
        AssertRefused(Options with { Tokenizer = bytePair }, "Tokenizer.kind is \"byte-pair\", the model's \"bytes\"");
        AssertRefused(Options with { Precision = Precision.BFloat16 }, "Precision is \"bfloat16\"");

        void AssertRefused(LanguageModelOptions options, string difference)
        {
            var estimator = _context.Transforms.Text.SigmaMoELanguageModel(options: options);
            var fault = Assert.Throws<ArgumentException>(() => estimator.Fit(_data, null, initial));
            Assert.Contains(difference, fault.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Fit_InitialModelAndOptionsThatLeaveItsTokenizerAndPrecisionOpen_KeepsThem()
    {
        using var initial = TinyModel.Create(Options);
        var open = Options with { Tokenizer = new BytePairTokenizerOptions(), Precision = Precision.Automatic };
        using var further = _context.Transforms.Text.SigmaMoELanguageModel(options: open).Fit(_data, null, initial);
        Assert.Equal(257, further.Model.VocabularySize);    // the bytes and the separator
        var kept = further.Model.Options;
        Assert.Equal((Options.Tokenizer, Precision.Float32), (kept.Tokenizer, kept.Precision));
    }

    [Fact]
    public void Fit_NoText_SaysSo()
    {
        var empty = _context.Data.LoadFromEnumerable([new Document { Text = "" }, new Document { Text = null }]);
        Assert.Throws<InvalidOperationException>(() => Fit(Options, empty));
    }

    [Fact]
    public void Fit_TellsTheProgressToOptionsAndLog()
    {
        var reports = new List<TrainingProgress>();
        var lines = new List<string>();
        _context.Log += (_, message) => lines.Add(message.Message);
        using var transformer = Fit(WithProgress(reports.Add), _data);
        Assert.Equal([1, 2, 3, 4], reports.Select(report => report.Step));
        Assert.Contains(lines, line => line.Contains("Step 4 of 4: loss ", StringComparison.Ordinal));
    }

    [Fact]
    public void Fit_Done_KeepsNothingOfTheRunningProgram()
    {
        using var source = new CancellationTokenSource();
        var options = WithProgress(_ => { });
        options = options with { Training = options.Training with { CancellationToken = source.Token } };
        using var transformer = Fit(options, _data);
        Assert.Null(transformer.Model.Options.Training.Progress);
        Assert.Equal(CancellationToken.None, transformer.Model.Options.Training.CancellationToken);
    }

    [Fact]
    public void Fit_ContextCancelled_Throws() =>
        Assert.ThrowsAny<OperationCanceledException>(() => Fit(Endless(CancellationBehavior.Throw), _data));

    [Fact]
    public void Fit_ContextCancelledAndWeightsWanted_ReturnsThem()
    {
        using var transformer = Fit(Endless(CancellationBehavior.ReturnCurrent), _data);
        Assert.Equal(1, transformer.Model.History[^1].Step); // cancelled at its report
    }

    [Fact]
    public void Fit_Done_LeavesNoTemporaryFile()
    {
        using var folder = new TemporaryFolder();
        _context.TempFilePath = folder.Path;
        using var transformer = Fit(Options, _data);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Fit_GpuThatIsNotThere_SaysWhatToDo()
    {
        var fault = Assert.Throws<InvalidOperationException>(() => Fit(Options with { GpuDeviceId = 99 }, _data));
        Assert.Contains("FallbackToCpu", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.BFloat16)]
    public void Fit_ThenClassify_SavesAndLoadsAsOnePipeline(Precision precision)
    {
        var pipeline = _context.Transforms.Text.SigmaMoELanguageModel(options: Options with { Precision = precision })
            .Append(_context.Transforms.Conversion.MapValueToKey("Label"))
            .Append(_context.MulticlassClassification.Trainers.SdcaMaximumEntropy())
            .Append(_context.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        using var fitted = pipeline.Fit(_data);
        using var archive = new MemoryStream();
        _context.Model.Save(fitted, _data.Schema, archive);
        var loaded = _context.Model.Load(archive, out _);
        Assert.Equal(Labels(fitted), Labels(loaded));
        (loaded as IDisposable)?.Dispose();

        IEnumerable<string> Labels(ITransformer model) => model.Transform(_data).GetColumn<string>("PredictedLabel");
    }

    [Fact]
    public void Create_WrongOptions_ThrowsAtOnce()
    {
        var text = _context.Transforms.Text;
        Assert.Throws<ArgumentException>(() => text.SigmaMoELanguageModel(" "));
        var noLayers = Options with { Model = new() { LayerCount = 0 } };
        var twice = Options with { Columns = new() { Perplexity = "Features" } };
        var dense = Options with { FeedForward = new DenseOptions(), Columns = new() { ExpertUsage = "Usage" } };
        Assert.Throws<ArgumentOutOfRangeException>(() => text.SigmaMoELanguageModel(options: noLayers));
        Assert.Throws<ArgumentException>(() => text.SigmaMoELanguageModel(options: twice));
        Assert.Throws<ArgumentException>(() => text.SigmaMoELanguageModel("Text", dense));
    }

    private LanguageModelTransformer Fit(LanguageModelOptions options, IDataView data) =>
        _context.Transforms.Text.SigmaMoELanguageModel(options: options).Fit(data);

    private static LanguageModelOptions WithProgress(Action<TrainingProgress> report) =>
        Options with { Training = Options.Training with { Progress = new Reports(report) } };

    private LanguageModelOptions Endless(CancellationBehavior onCancel)
    {
        var options = WithProgress(_ => _context.CancelExecution());
        return options with { Training = options.Training with { MaxSteps = 1_000_000, OnCancel = onCancel } };
    }
}
