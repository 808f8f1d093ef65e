using System.Diagnostics;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// Kills a training in another process, this test program started again, and goes on from what it left.
/// </summary>
public sealed class KilledProcessTests
{
    private const string FolderVariable = "SIGMAMOE_TEST_KILLED_FOLDER";
    private const string PrecisionVariable = "SIGMAMOE_TEST_KILLED_PRECISION";
    private static readonly ModelOptions Dropping = TinyModel.Model with { Dropout = 0.2 };

    private static TrainingOptions Options => TrainingRun.Options with { CheckpointInterval = 5, MaxSteps = 100 };

    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.BFloat16)]
    public void Resume_AfterTheProcessWasKilled_EndsBitForBitAsIfNeverInterrupted(Precision precision)
    {
        using var whole = new TrainingRun(Dropping, precision: precision);
        whole.Train(Options with { CheckpointDirectory = whole.Folder.File("checkpoints") });
        using var run = new TrainingRun(Dropping, precision: precision);
        var folder = run.Folder.File("checkpoints");

        using (var process = StartTrainingIn(folder, precision))
        {
            try
            {
                WaitForCheckpoint(process, folder);
            }
            finally
            {
                process.Kill();
                process.WaitForExit();
            }
        }

        run.StartOver();
        var result = run.Train(Options with { CheckpointDirectory = folder, Resume = true });

        Assert.Equal(100, result.Steps);
        TrainingRun.AssertSame(whole.Weights(), run.Weights());
    }

    /// <summary>What the other process does: it trains until it is killed.</summary>
    [Fact(Explicit = true)]
    public void TrainForEver()
    {
        var folder = Environment.GetEnvironmentVariable(FolderVariable);
        Assert.SkipWhen(folder is null, "Only the other test starts this one.");
        var precision = Enum.Parse<Precision>(Environment.GetEnvironmentVariable(PrecisionVariable)!);
        using var run = new TrainingRun(Dropping, precision: precision);
        var slowly = Options with
        {
            CheckpointDirectory = folder,
            Progress = new Reports(report => Thread.Sleep(report.Step > 12 ? Timeout.Infinite : 0)),
        };
        run.Train(slowly);
    }

    private static Process StartTrainingIn(string folder, Precision precision)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(KilledProcessTests).Assembly.Location);
        }

        foreach (var argument in new[] { "--explicit", "only", "--filter-method", $"*{nameof(KilledProcessTests)}.{nameof(TrainForEver)}" })
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment[FolderVariable] = folder;
        start.Environment[PrecisionVariable] = precision.ToString();
        return Process.Start(start)!;
    }

    private static void WaitForCheckpoint(Process process, string folder)
    {
        var patience = Stopwatch.StartNew();
        while (!Directory.Exists(Path.Combine(folder, "step-000000010")))
        {
            Assert.False(
                process.HasExited,
                $"The training ended by itself: {(process.HasExited ? process.StandardOutput.ReadToEnd() : "")}");
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(3), "No checkpoint came.");
            Thread.Sleep(20);
        }
    }
}
