using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TrainerTests : IDisposable
{
    private readonly TrainingRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void Run_TextThatCanBeLearned_BeatsTheUnigramEntropy()
    {
        var history = _run.Train(TrainingRun.Options with { MaxSteps = 300 });
        Assert.InRange(history.BestValidationLoss!.Value, 0, 1.2); // ln 11 = 2.4 without knowing the token before; 0.6 at best
        Assert.Equal(history.BestValidationLoss.Value, _run.ValidationLoss(), 5);
    }

    [Fact]
    public void Run_ANetworkTrainedBefore_GoesOnFromIt()
    {
        var first = _run.Train(TrainingRun.Options with { MaxSteps = 150 });
        var second = _run.Train(TrainingRun.Options with { MaxSteps = 30, LearningRate = 0.005 });
        Assert.True(second.Reports[0].Loss < first.Reports[0].Loss - 0.5);
        Assert.True(second.BestValidationLoss < first.BestValidationLoss + 0.1);
    }

    [Theory]
    [InlineData(null, 3, 183)] // 999 pairs of tokens make 249 items, chunks of 7 leave 245 of them, 61 for each of 4 rows
    [InlineData(50, 3, 50)]
    [InlineData(500, 1, 61)]
    public void Run_StepsAndEpochs_EndsWithTheFirst(int? maxSteps, int maxEpochs, long expected)
    {
        var history = _run.Train(TrainingRun.Options with { MaxSteps = maxSteps, MaxEpochs = maxEpochs });
        Assert.Equal(expected, history.Steps);
        Assert.Equal(TrainingEnd.Finished, history.End);
    }

    [Fact]
    public void Run_MaxDuration_EndsWhenItHasPassedWithTheRateAtItsMinimum()
    {
        var clock = new ManualClock();
        var options = TrainingRun.Options with
        {
            MaxSteps = null,
            MaxDuration = TimeSpan.FromMinutes(10),
            ReportInterval = 1,
            Progress = new Reports(_ => clock.Advance(TimeSpan.FromMinutes(1))),
        };
        using var trainer = new Trainer(_run.Network, options, _run.Text, clock: clock);
        var history = trainer.Run();

        Assert.Equal(11, history.Steps); // the tenth report's minute is over only after the tenth step
        Assert.Equal(0.02 * (1 + Math.Cos(Math.PI * 0.9)) / 2, history.Reports[^2].LearningRate, 12);
        Assert.Equal(0, history.Reports[^1].LearningRate, 12);
        Assert.Equal(TimeSpan.FromMinutes(9), history.Reports[^2].Elapsed);
        Assert.Equal(TimeSpan.FromMinutes(1), history.Reports[^2].Remaining);
    }

    [Fact]
    public void Run_Twice_GivesTheSameWeightsBitForBit()
    {
        using var scope = NewDisposeScope();
        using var other = new TrainingRun(Dropping, DroppingExperts);
        using var one = new TrainingRun(Dropping, DroppingExperts);
        var losses = one.Train(TrainingRun.Options).Reports.Select(report => report.Loss);
        Assert.Equal(losses, other.Train(TrainingRun.Options).Reports.Select(report => report.Loss));
        TrainingRun.AssertSame(one.Weights(), other.Weights());
    }

    [Fact]
    public void Run_OtherSeed_ReadsInAnotherOrder()
    {
        using var other = new TrainingRun();
        var one = _run.Train(TrainingRun.Options with { Seed = 1 });
        var two = other.Train(TrainingRun.Options with { Seed = 2 });
        Assert.NotEqual(one.Reports[0].Loss, two.Reports[0].Loss);
    }

    [Fact]
    public void Run_GradientAccumulation_ChangesNothingButRounding()
    {
        using var whole = new TrainingRun(feedForward: new DenseOptions { HiddenSize = 16 });
        using var parts = new TrainingRun(feedForward: new DenseOptions { HiddenSize = 16 });
        var options = TrainingRun.Options with { MaxSteps = 80, ReportInterval = 1 }; // into the second epoch
        var expected = whole.Train(options).Reports.Select(report => report.Loss).ToArray();
        var actual = parts.Train(options with { GradientAccumulation = 4 }).Reports
            .Select(report => report.Loss)
            .ToArray();
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 3));
        Assert.Equal(expected[0], actual[0], 1e-6);
        Assert.Equal(expected[1], actual[1], 1e-6); // memories of the parts hold what the whole batch's holds
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(4, 1)]
    [InlineData(2, 2)]
    public void Run_Workers_ChangeNothingButRounding(int workers, int accumulation)
    {
        using var whole = new TrainingRun(feedForward: new DenseOptions { HiddenSize = 16 });
        using var parts = new TrainingRun(feedForward: new DenseOptions { HiddenSize = 16 });
        var options = TrainingRun.Options with { MaxSteps = 80, ReportInterval = 1 }; // into the second epoch
        var expected = whole.Train(options).Reports;
        var actual = parts.Train(options with { Workers = workers, GradientAccumulation = accumulation }).Reports;
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First.Loss, pair.Second.Loss, 3));
        Assert.All(expected.Zip(actual).Take(2), pair =>
        {
            Assert.Equal(pair.First.Loss, pair.Second.Loss, 1e-6);
            Assert.Equal(pair.First.GradientNorm, pair.Second.GradientNorm, 1e-5);
        });
    }

    [Fact]
    public void Run_WorkersThatDropTwice_GivesTheSameWeightsBitForBit()
    {
        using var scope = NewDisposeScope();
        using var one = new TrainingRun(Dropping, DroppingExperts);
        using var other = new TrainingRun(Dropping, DroppingExperts);
        var options = TrainingRun.Options with { Workers = 4 };
        var reports = one.Train(options).Reports;
        Assert.Equal(reports.Select(report => report.Loss), other.Train(options).Reports.Select(report => report.Loss));
        Assert.Equal(
            reports.Select(report => report.BalancingLoss),
            reports.Select(report => report.BalancingLoss).Where(loss => loss < 0));
        TrainingRun.AssertSame(one.Weights(), other.Weights());
    }

    [Fact]
    public void Run_Reports_SayWhatHappened()
    {
        var seen = new List<TrainingProgress>();
        var history = _run.Train(TrainingRun.Options with { MaxSteps = 20, Progress = new Reports(seen.Add) });

        Assert.Equal([3, 6, 9, 10, 12, 15, 18, 20], seen.Select(report => report.Step));
        Assert.Equal(seen, history.Reports);
        Assert.Equal([10, 20], seen.Where(report => report.ValidationLoss is not null).Select(report => report.Step));
        var last = seen[^1];
        Assert.Equal(20, last.MaxSteps);
        Assert.Equal(20 * 4 * 4, last.Tokens);
        Assert.Equal(Math.Exp(last.Loss), last.Perplexity);
        Assert.True(last.GradientNorm > 0 && last.TokensPerSecond > 0 && last.BalancingLoss < 0);
        Assert.Equal(TimeSpan.Zero, last.Remaining);
        Assert.Equal(2, last.ExpertEntropy.Count);
        Assert.All(last.ExpertEntropy, entropy => Assert.InRange(entropy, 0, 1));
        Assert.All(last.DeadExperts, dead => Assert.InRange(dead, 0, 4));
    }

    [Fact]
    public void Run_ValidationLossRises_StopsEarlyWithTheBestWeights()
    {
        // a rate at which a tiny network jumps about: some measurement is worse than the one before
        var options = TrainingRun.Options with { MaxSteps = 2000, LearningRate = 0.3, EvaluationInterval = 5, EarlyStoppingPatience = 2 };
        var history = _run.Train(options);
        Assert.Equal(TrainingEnd.StoppedEarly, history.End);
        Assert.Equal(history.BestStep + 10, history.Steps);
        Assert.Equal(history.BestStep, history.WeightsOfStep);
        Assert.Equal(history.BestValidationLoss!.Value, _run.ValidationLoss(), 5);
    }

    [Fact]
    public void Run_WithoutRestoringTheBest_KeepsTheLastWeights()
    {
        var options = TrainingRun.Options with
        {
            MaxSteps = 2000,
            LearningRate = 0.3,
            EvaluationInterval = 5,
            EarlyStoppingPatience = 2,
            RestoreBest = false,
        };
        var history = _run.Train(options);
        Assert.Equal(history.Steps, history.WeightsOfStep);
        Assert.Equal(history.Reports[^1].ValidationLoss!.Value, _run.ValidationLoss(), 5);
        Assert.True(_run.ValidationLoss() > history.BestValidationLoss + 1e-4);
    }

    [Fact]
    public void Run_Cancelled_ThrowsWithinOneStep()
    {
        Assert.Throws<OperationCanceledException>(() => _run.TrainUntil(7, TrainingRun.Options));
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        var reports = 0;
        var options = TrainingRun.Options with { ReportInterval = 1, Progress = new Reports(_ => reports++) };
        Assert.Throws<OperationCanceledException>(() => _run.Train(options, cancelled.Token));
        Assert.Throws<OperationCanceledException>(
            () => _run.Train(options with { CancellationToken = cancelled.Token }));
        Assert.Equal(0, reports);
    }

    [Fact]
    public void Run_CancelledReturningTheCurrent_EndsAfterTheStep()
    {
        var history = _run.TrainUntil(17, TrainingRun.Options with { OnCancel = CancellationBehavior.ReturnCurrent });
        Assert.Equal((TrainingEnd.Cancelled, 17L, 17L), (history.End, history.Steps, history.WeightsOfStep));
    }

    [Fact]
    public void Run_CancelledReturningTheBest_PutsThoseWeightsBack()
    {
        var history = _run.TrainUntil(
            17, TrainingRun.Options with { OnCancel = CancellationBehavior.ReturnBest, RestoreBest = false });
        Assert.Equal((TrainingEnd.Cancelled, 17L, 10L), (history.End, history.Steps, history.WeightsOfStep));
        Assert.Equal(history.BestValidationLoss!.Value, _run.ValidationLoss(), 5);
    }

    [Fact]
    public void Run_ReceiverCancels_IsACancellationToo()
    {
        // as ML.NET's CheckAlive does
        var options = TrainingRun.Options with
        {
            OnCancel = CancellationBehavior.ReturnCurrent,
            Progress = new Reports(_ => throw new OperationCanceledException()),
        };
        Assert.Equal(3, _run.Train(options).Steps);
    }

    [Fact]
    public void Constructor_OtherVocabulary_SaysWhichIsWhich()
    {
        using var text = TokenFiles.CreateLearnable(_run.Folder.File("other"), 1000, vocabularySize: 10);
        var fault = Assert.Throws<ArgumentException>(() => new Trainer(_run.Network, TrainingRun.Options, text));
        Assert.Contains("vocabulary of 10 tokens, but the model has 11", fault.Message, StringComparison.Ordinal);
        fault = Assert.Throws<ArgumentException>(() => new Trainer(_run.Network, TrainingRun.Options, _run.Text, text));
        Assert.Contains("The validation text", fault.Message, StringComparison.Ordinal);
    }

    private static ModelOptions Dropping => TinyModel.Model with { Dropout = 0.2 };

    private static MixtureOfExpertsOptions DroppingExperts =>
        TinyModel.Experts with { Router = new SigmoidRouterOptions { ExpertDropout = 0.1 }, HiddenDropout = 0.1 };
}
