using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Trainings whose numbers stop being numbers.</summary>
public sealed class BreakdownTests : IDisposable
{
    private readonly TrainingRun _run = new();

    private string Folder => _run.Folder.File("checkpoints");

    private TrainingOptions Saving =>
        TrainingRun.Options with { CheckpointDirectory = Folder, CheckpointInterval = 1, MaxSteps = 5, EvaluationInterval = 100 };

    private TrainingOptions Ruinous =>
        Saving with { LearningRate = 1e30, WarmupSteps = 0, MaxSteps = 20, Resume = true };

    private string[] Checkpoints =>
        [.. Directory.GetDirectories(Folder).Select(path => Path.GetFileName(path)!).Order()];

    public void Dispose() => _run.Dispose();

    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.BFloat16)]
    public void Run_FirstStepRuins_SaysThatNoCheckpointIsGood(Precision precision)
    {
        using var run = new TrainingRun(precision: precision);
        var fault = Assert.Throws<NotFiniteNumberException>(() => run.Train(Ruinous));
        Assert.Matches("broke down in step 2: the loss is", fault.Message);
        Assert.Contains("There is no good checkpoint", fault.Message, StringComparison.Ordinal);
        Assert.Contains("step-000000001.broken, which is not resumed", fault.Message, StringComparison.Ordinal);
        Assert.All(run.Network.parameters(), weight => Assert.Null(weight.grad));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Run_LaterStepRuins_NamesACheckpointFromWhichTrainingGoesOn(int keep)
    {
        _run.Train(Saving);
        _run.StartOver();
        var fault = Assert.Throws<NotFiniteNumberException>(() => _run.Train(Ruinous with { KeepCheckpoints = keep }));
        Assert.Matches("broke down in step 7: the loss is", fault.Message);
        Assert.Contains(
            $"The last good checkpoint is {Path.Combine(Folder, "step-000000005")};", fault.Message,
            StringComparison.Ordinal);
        Assert.Contains("step-000000006.broken", Checkpoints);

        _run.StartOver();
        var result = _run.Train(Saving with { MaxSteps = 12, Resume = true });
        Assert.Equal(12, result.Steps);
        Assert.True(double.IsFinite(result.Reports[^1].Loss));
    }

    [Fact]
    public void Run_WithoutCheckpoints_SaysThatThereIsNone()
    {
        var fault = Assert.Throws<NotFiniteNumberException>(
            () => _run.Train(TrainingRun.Options with { LearningRate = 1e30 }));
        Assert.Contains("no checkpoint to go back to", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_ValidationLossIsNoNumber_Stops()
    {
        var options = Ruinous with { EvaluationInterval = 1 };
        var fault = Assert.Throws<NotFiniteNumberException>(() => _run.Train(options));
        Assert.Contains("broke down by step 1: the validation loss is", fault.Message, StringComparison.Ordinal);
        Assert.Empty(Checkpoints);
    }

    [Fact]
    public void Run_LastStepRuinsWithNothingToMeasureOn_DoesNotGiveTheModel()
    {
        var options = Ruinous with { MaxSteps = 1, LearningRate = 1e39 }; // beyond float32
        using var trainer = new Trainer(_run.Network, options, _run.Text);
        var fault = Assert.Throws<NotFiniteNumberException>(() => trainer.Run());
        Assert.Contains("by step 1: weights are not numbers", fault.Message, StringComparison.Ordinal);
        Assert.Empty(Checkpoints);
    }

    [Fact]
    public void Run_KeepingOne_KeepsTheOneBeforeUntilTheNextLoss()
    {
        List<string[]> seen = [];
        _run.Train(Saving with { KeepCheckpoints = 1, ReportInterval = 1, Progress = new Reports(_ => seen.Add(Checkpoints)) });
        // a report comes before its step's checkpoint is written: the one before it has been found good by then
        Assert.All(seen.Skip(1), names => Assert.Single(names));
        Assert.Equal(["step-000000005"], Checkpoints);
    }

    [Fact]
    public void Run_CheckpointCannotBeWritten_NamesTheOneBefore()
    {
        var blocked = Path.Combine(Folder, "step-000000003");
        var options = Saving with
        {
            ReportInterval = 1,
            Progress = new Reports(report =>
            {
                if (report.Step == 3)
                {
                    File.WriteAllText(blocked, "a file where the folder should come");
                }
            }),
        };
        var fault = Assert.Throws<IOException>(() => _run.Train(options));
        Assert.StartsWith("The checkpoint of step 3 could not be written: ", fault.Message, StringComparison.Ordinal);
        Assert.Contains(
            $"The one before it is whole: {Path.Combine(Folder, "step-000000002")}.", fault.Message,
            StringComparison.Ordinal);
        Assert.Contains("with Resume", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Checkpoints, name => name.EndsWith(".tmp", StringComparison.Ordinal));
    }
}
