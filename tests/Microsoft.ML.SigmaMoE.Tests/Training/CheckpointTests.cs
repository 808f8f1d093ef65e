using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class CheckpointTests : IDisposable
{
    private static readonly ModelOptions Dropping = TinyModel.Model with { Dropout = 0.2 };

    private static readonly MixtureOfExpertsOptions DroppingExperts =
        TinyModel.Experts with { Router = new SigmoidRouterOptions { ExpertDropout = 0.1 } };

    private readonly TrainingRun _run = new(Dropping, DroppingExperts);

    private string Folder => _run.Folder.File("checkpoints");

    private TrainingOptions Options =>
        TrainingRun.Options with { CheckpointDirectory = Folder, OnCancel = CancellationBehavior.ReturnCurrent };

    private string[] Steps => [.. Directory.GetDirectories(Folder).Select(path => Path.GetFileName(path)!).Order()];

    public void Dispose() => _run.Dispose();

    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 1, 4)]
    [InlineData(23, 2, 2)]
    [InlineData(10, 1)]    // where the validation loss is measured
    [InlineData(23, 2)]    // between two reports, with the batch in two passes
    [InlineData(61, 1)]    // at the end of an epoch
    [InlineData(62, 4)]
    [InlineData(5, 1, 4, Precision.BFloat16)]
    [InlineData(23, 2, 2, Precision.BFloat16)]
    [InlineData(61, 1, 1, Precision.BFloat16)]
    public void Resume_AfterAnyStep_EndsBitForBitAsIfNeverInterrupted(
        int interruptedAfter, int accumulation, int workers = 1, Precision precision = Precision.Float32)
    {
        var options = Options with { MaxSteps = 70, GradientAccumulation = accumulation, Workers = workers };
        using var whole = new TrainingRun(Dropping, DroppingExperts, precision: precision);
        var expected = whole.Train(options with { CheckpointDirectory = null });

        using var run = new TrainingRun(Dropping, DroppingExperts, precision: precision);
        var stopped = run.TrainUntil(interruptedAfter, options);
        run.StartOver();
        var actual = run.Train(options with { Resume = true });

        Assert.Equal((interruptedAfter, 70), (stopped.Steps, actual.Steps));
        TrainingRun.AssertSame(whole.Weights(), run.Weights());
        var tail = expected.Reports.Where(
            report => report.Step > interruptedAfter + Options.ReportInterval).Select(Essence);
        Assert.Equal(
            tail,
            actual.Reports.Where(report => report.Step > interruptedAfter + Options.ReportInterval).Select(Essence));
        Assert.Equal((expected.BestStep, expected.BestValidationLoss), (actual.BestStep, actual.BestValidationLoss));
    }

    [Fact]
    public void Resume_BetweenReports_ReportsWhatAnUninterruptedRunDoes()
    {
        using var whole = new TrainingRun(Dropping, DroppingExperts);
        var expected = whole.Train(Options with { CheckpointDirectory = null });

        // a receiver that fails like a lost process: no last checkpoint, the one of step 8 remains
        var options = Options with
        {
            CheckpointInterval = 4,
            Progress = new Reports(report => _ = report.Step == 10 ? throw new InvalidOperationException("lost") : 0),
        };
        Assert.Throws<InvalidOperationException>(() => _run.Train(options));
        Assert.Equal(["step-000000004", "step-000000008"], Steps);
        _run.StartOver();
        var actual = _run.Train(Options with { Resume = true });

        Assert.Equal(expected.Reports.Select(Essence), actual.Reports.Select(Essence));
        TrainingRun.AssertSame(whole.Weights(), _run.Weights());
    }

    [Fact]
    public void Resume_FinishedTraining_GivesItsModelBack()
    {
        var first = _run.Train(Options);
        using var scope = NewDisposeScope();
        var weights = _run.Weights();
        _run.StartOver();
        var second = _run.Train(Options with { Resume = true });

        Assert.Equal((first.Steps, first.WeightsOfStep), (second.Steps, second.WeightsOfStep));
        TrainingRun.AssertSame(weights, _run.Weights());
    }

    [Fact]
    public void Resume_EmptyDirectory_StartsFromTheBeginning() =>
        Assert.Equal(40, _run.Train(Options with { Resume = true }).Steps);

    [Fact]
    public void Run_Interval_KeepsTheLatest()
    {
        _run.Train(Options with { CheckpointInterval = 7, KeepCheckpoints = 3 });
        Assert.Equal(["step-000000028", "step-000000035", "step-000000040"], Steps);
    }

    [Fact]
    public void Run_Period_WritesWhenItHasPassed()
    {
        var clock = new ManualClock();
        var options = Options with
        {
            CheckpointPeriod = TimeSpan.FromSeconds(5),
            KeepCheckpoints = 100,
            MaxSteps = 12,
            ReportInterval = 1,
            Progress = new Reports(_ => clock.Advance(TimeSpan.FromSeconds(1))),
        };
        using var trainer = new Trainer(_run.Network, options, _run.Text, clock: clock);
        trainer.Run();
        Assert.Equal(["step-000000005", "step-000000010", "step-000000012"], Steps);
    }

    [Fact]
    public void Run_DirectoryInUseWithoutResume_IsRefused()
    {
        _run.Train(Options);
        var fault = Assert.Throws<InvalidOperationException>(() => _run.Train(Options));
        Assert.Contains("step-000000040", fault.Message, StringComparison.Ordinal);
        Assert.Contains("Set Resume", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Resume_OtherModel_SaysWhatDiffers()
    {
        _run.Train(Options);
        using var other = new TrainingRun(Dropping with { LayerCount = 3 }, DroppingExperts with { ExpertSize = 5 });
        var fault = Assert.Throws<InvalidOperationException>(
            () => other.Train(Options with { Resume = true, Seed = 4 }));
        Assert.Contains(
            "Model.LayerCount is 3, was 2; FeedForward.ExpertSize is 5, was 3", fault.Message,
            StringComparison.Ordinal);
        Assert.Contains("Seed is 4, was 3", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Resume_OtherText_SaysThatItDiffers()
    {
        _run.Train(Options);
        using var other = new TrainingRun(Dropping, DroppingExperts, textLength: 1001);
        var fault = Assert.Throws<InvalidOperationException>(() => other.Train(Options with { Resume = true }));
        Assert.Contains("TrainingText is", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Resume_LongerTraining_GoesOn()
    {
        _run.Train(Options);
        Assert.Equal(50, _run.Train(Options with { Resume = true, MaxSteps = 50 }).Steps);
    }

    [Fact]
    public void Resume_HalfWrittenCheckpoint_IsPassedOverAndCleanedUp()
    {
        _run.Train(Options);
        Directory.CreateDirectory(Path.Combine(Folder, "step-000000050.0123.tmp"));
        Directory.CreateDirectory(Path.Combine(Folder, "step-000000060"));
        var history = _run.Train(Options with { Resume = true, MaxSteps = 45 });
        Assert.Equal(45, history.Steps);
        Assert.DoesNotContain("step-000000050.0123.tmp", Steps);
    }

    [Theory]
    [InlineData("run.json")]
    [InlineData("model.safetensors")]
    [InlineData("optimizer.safetensors")]
    [InlineData("memory.safetensors")]
    public void Resume_DamagedFile_SaysSo(string file)
    {
        _run.Train(Options);
        var path = Path.Combine(Folder, "step-000000040", file);
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^9]);
        Assert.Throws<InvalidDataException>(() => _run.Train(Options with { Resume = true }));
    }

    private static object Essence(TrainingProgress report) =>
        (report.Step, report.Epoch, report.Loss, report.BalancingLoss, report.GradientNorm,
        report.LearningRate, report.ValidationLoss, string.Join(' ', report.ExpertEntropy),
        string.Join(' ', report.DeadExperts));
}
