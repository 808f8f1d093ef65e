using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// Training where libtorch has no memory for a pass. Alone, as the router that runs out of it is registered for the
/// process.
/// </summary>
[Collection(Alone.Name)]
public sealed class OutOfMemoryTests
{
    private const int Layers = 2;                                            // each calls the router once a pass

    // the evaluation calls the router too, but at the end; dropout draws in every pass
    private static readonly TrainingOptions Options =
        TrainingRun.Options with { MaxSteps = 8, EvaluationInterval = 100, ReportInterval = 1, Workers = 1, RestoreBest = false };

    private static ModelOptions Model => TinyModel.Model with { Dropout = 0.1 };

    [Theory]
    [InlineData(1, 0, 1, 2)]                                                 // the first layer of the first pass
    [InlineData(2, 0, 1, 2)]                                                 // its second layer
    [InlineData(0, 1, 1, 2)]                                                 // its backward pass
    [InlineData(4, 0, 2, 4)] // the second of two passes, after the first is done
    [InlineData(0, 3, 2, 4)]
    public void Run_OutOfMemoryInTheFirstStep_GivesWhatTheFinerCutGives(
        int forward, int backward, int before, int after)
    {
        var (actual, weights) = Train(
            new() { Forward = forward, Backward = backward }, Options with { GradientAccumulation = before });
        var (expected, wanted) = Train(new(), Options with { GradientAccumulation = after });
        Assert.Equal(expected.Reports.Select(report => report.Loss), actual.Reports.Select(report => report.Loss));
        Assert.Equal(
            expected.Reports.Select(report => report.ExpertEntropy),
            actual.Reports.Select(report => report.ExpertEntropy));
        TrainingRun.AssertSame(wanted, weights);
    }

    [Fact]
    public void Run_OutOfMemoryLater_GoesOnAsIfTheStepHadNotBegun()
    {
        const int thirdStep = 2 * 2 * Layers;                                // calls before it
        var options = Options with { GradientAccumulation = 2 };
        var (expected, wanted) = Train(new() { Forward = thirdStep + 1 }, options);
        var (actual, weights) = Train(new() { Backward = thirdStep + 3 }, options);
        Assert.Equal(expected.Reports.Select(report => report.Loss), actual.Reports.Select(report => report.Loss));
        TrainingRun.AssertSame(wanted, weights);
        var (other, _) = Train(new(), options);
        Assert.Equal(
            other.Reports.Take(2).Select(report => report.Loss), actual.Reports.Take(2).Select(report => report.Loss));
        Assert.NotEqual(other.Reports[^1].Loss, actual.Reports[^1].Loss);    // dropout draws other shapes
    }

    [Fact]
    public void Run_OutOfMemory_SaysSoInOneReport()
    {
        var (result, _) = Train(new() { Forward = (4 * Layers) + 1 }, Options with { ReportInterval = 100 });
        var report = Assert.Single(result.Reports, report => report.Notice is not null);
        Assert.Equal(5, report.Step);
        Assert.Equal(
            "Memory ran out in step 5: from now on each batch of 4 rows is cut into passes of 2, as with GradientAccumulation = 2.",
            report.Notice);
    }

    [Theory]
    [InlineData(4, 1, 4)]                                                    // 4 → 2 → 1 rows
    [InlineData(6, 2, 6)]                                                    // 3 rows have no half
    public void Run_WhereOneRowFits_EndsWithPassesOfOneRow(int batchSize, int before, int after)
    {
        var options = Options with { BatchSize = batchSize, MaxSteps = 3 };
        var (actual, weights) = Train(
            new() { MostRows = 1 }, options with { GradientAccumulation = before }, validate: false);
        var (_, wanted) = Train(new() { MostRows = 1 }, options with { GradientAccumulation = after }, validate: false);
        Assert.EndsWith($"GradientAccumulation = {after}.", actual.Reports[0].Notice, StringComparison.Ordinal);
        TrainingRun.AssertSame(wanted, weights);
    }

    [Fact]
    public void Run_WhereNotEvenOneRowFits_SaysWhatWouldHelp()
    {
        var fault = Assert.Throws<InsufficientMemoryException>(() => Train(new() { MostRows = 0 }, Options));
        Assert.StartsWith(
            "Step 1 does not fit into the memory of cpu, not even in passes of one row of 4 tokens. Take",
            fault.Message, StringComparison.Ordinal);
        Assert.True(MemoryExhaustion.Explains(fault.InnerException!));
    }

    [Fact]
    public void Run_ResumedAfterItRanOut_GoesOnWithTheFinerCutBitByBit()
    {
        var appetite = new HungryRouter.Appetite { Forward = (2 * Layers) + 1 };
        var (expected, wanted) = Train(appetite, Options);
        using var run = Create(new() { Forward = (2 * Layers) + 1 });
        var options = Options with { CheckpointDirectory = run.Folder.File("checkpoints"), CheckpointInterval = 1 };
        run.TrainUntil(5, options with { OnCancel = CancellationBehavior.ReturnCurrent });
        run.StartOver();
        var actual = run.Train(options with { Resume = true });
        Assert.Equal(expected.Reports.Select(report => report.Loss), actual.Reports.Select(report => report.Loss));
        TrainingRun.AssertSame(wanted, run.Weights());
    }

    [Fact]
    public void Run_OutOfMemory_LeavesNoTensors()
    {
        var (appetite, options) = (new HungryRouter.Appetite(), Options with { MaxSteps = 4 });
        using var run = Create(appetite);
        run.Train(options);                                                  // what is made once
        var before = Settled();
        (appetite.Forward, appetite.Backward) = (appetite.Calls + 6, appetite.Calls + 12);
        Assert.Equal(2, run.Train(options).Reports.Count(report => report.Notice is not null));
        Assert.Equal(before, Settled());
    }

    [Theory]
    [InlineData(4, 1)]
    [InlineData(4, 2)]
    [InlineData(3, 1)]
    public void Evaluate_WhereFewerStreamsFit_ReadsAsManyAsDo(int batchSize, int fit)
    {
        var appetite = new HungryRouter.Appetite { MostRows = fit };
        using var run = Create(appetite);
        var wanted = new Evaluator(run.Network, run.Validation, fit).Run(CancellationToken.None);
        var evaluator = new Evaluator(run.Network, run.Validation, batchSize);
        Assert.Equal(wanted, evaluator.Run(CancellationToken.None));
        var calls = appetite.Calls;
        Assert.Equal(wanted, evaluator.Run(CancellationToken.None));
        var again = appetite.Calls - calls;
        new Evaluator(run.Network, run.Validation, fit).Run(CancellationToken.None);
        Assert.Equal(appetite.Calls - calls - again, again); // the second time nothing was tried in vain
    }

    [Fact]
    public void Run_WhereOnlyAMeasurementRunsOutOfMemory_SaysSo()
    {
        var options = Options with { BatchSize = 4, GradientAccumulation = 4, MaxSteps = 2, EvaluationInterval = 2 };
        var (result, _) = Train(new() { MostRows = 1 }, options);
        Assert.Contains(
            result.Reports,
            report => report.Notice?.StartsWith("Memory ran out in the measurement after step 2: from now on 1 streams", StringComparison.Ordinal) == true);
    }

    [Fact]
    public void Evaluate_WhereNoStreamFits_ShowsTheFault()
    {
        using var run = Create(new() { MostRows = 0 });
        var fault = Assert.ThrowsAny<Exception>(
            () => new Evaluator(run.Network, run.Validation, 4).Run(CancellationToken.None));
        Assert.True(MemoryExhaustion.Explains(fault));
    }

    [Fact]
    public void Evaluate_OutOfMemory_LeavesNoTensors()
    {
        var appetite = new HungryRouter.Appetite();
        using var run = Create(appetite);
        new Evaluator(run.Network, run.Validation, 4).Run(CancellationToken.None);
        var before = Settled();
        appetite.Forward = appetite.Calls + 6;
        new Evaluator(run.Network, run.Validation, 4).Run(CancellationToken.None);
        Assert.Equal(before, Settled());
    }

    private static (TrainingResult Result, Dictionary<string, Tensor> Weights) Train(
        HungryRouter.Appetite appetite, TrainingOptions options, bool validate = true)
    {
        using var run = Create(appetite);
        using var trainer = new Trainer(run.Network, options, run.Text, validate ? run.Validation : null);
        var result = trainer.Run();
        return (result, run.Weights().ToDictionary(pair => pair.Key, pair => pair.Value.DetachFromDisposeScope()));
    }

    private static TrainingRun Create(HungryRouter.Appetite appetite) => new(Model, HungryRouter.Experts(appetite));

    private static long Settled()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Tensor.TotalCount;
    }
}
