using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Counts the tensors of the whole process, so nothing else may make any meanwhile.</summary>
[Collection(Alone.Name)]
public sealed class TrainerLeakTests
{
    [Theory]
    [InlineData(1, Precision.Float32)]
    [InlineData(2, Precision.Float32)]
    [InlineData(1, Precision.BFloat16)]
    [InlineData(2, Precision.BFloat16)]
    public void Run_TwoHundredSteps_NeverHoldsMoreTensors(int workers, Precision precision)
    {
        using var run = new TrainingRun(TinyModel.Model with { Dropout = 0.1 }, precision: precision);
        var live = new List<long>();
        var options = TrainingRun.Options with
        {
            MaxSteps = 240,
            ReportInterval = 20,
            EvaluationInterval = 20,
            GradientAccumulation = 2,
            Workers = workers,
            // what is left to the collector counts, once the other tests' is gone
            Progress = new Reports(_ => live.Add(live.Count < 2 ? Settled() : Tensor.TotalCount)),
        };
        using (var trainer = new Trainer(run.Network, options, run.Text, run.Validation))
        {
            trainer.Run();
        }

        Assert.Equal(12, live.Count);
        Assert.Single(live.Skip(1).Distinct()); // from step 40 to step 240
    }

    [Fact]
    public void Dispose_AfterTraining_LeavesOnlyTheNetwork()
    {
        using var run = new TrainingRun();
        run.Train(TrainingRun.Options); // what is made once
        var before = Settled();
        run.Train(
            TrainingRun.Options with { CheckpointDirectory = run.Folder.File("checkpoints"), CheckpointInterval = 10 });
        run.Train(TrainingRun.Options with { CheckpointDirectory = run.Folder.File("checkpoints"), Resume = true });
        Assert.Equal(before, Settled());
    }

    private static long Settled()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers(); // of what other tests left behind
        return Tensor.TotalCount;
    }
}
