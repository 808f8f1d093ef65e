namespace Microsoft.ML.SigmaMoE.Tool.Tests;

public sealed class RunLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Append_AfterAnInterruption_DropsWhatIsTrainedAgain()
    {
        var first = new RunLog(_folder.Path);
        first.Append(Report(10, 3));
        first.Append(Report(20, 2));
        new RunLog(_folder.Path).Append(Report(20, 1.5));
        var rows = MetricsTable.Read(_folder.File(RunLog.FileName)).Rows;
        Assert.Equal([(10.0, 3.0), (20.0, 1.5)], rows.Select(row => (row["step"], row["loss"])));
    }

    [Fact]
    public void Write_WithoutExpertsOrMeasurement_LeavesCellsEmpty()
    {
        new RunLog(_folder.Path).Write([Report(1, 2)]);
        var row = Assert.Single(MetricsTable.Read(_folder.File(RunLog.FileName)).Rows);
        Assert.True(double.IsNaN(row["validation_loss"]) && double.IsNaN(row["expert_entropy"]) && double.IsNaN(row["no such column"]));
    }

    [Fact]
    public void Write_WithExperts_SumsTheDeadAndAveragesEntropy()
    {
        new RunLog(_folder.Path).Write([Report(1, 2) with { ExpertEntropy = [0.5, 1], DeadExperts = [1, 2] }]);
        var row = Assert.Single(MetricsTable.Read(_folder.File(RunLog.FileName)).Rows);
        Assert.Equal((0.75, 3.0), (row["expert_entropy"], row["dead_experts"]));
    }

    [Fact]
    public void Write_InFloat16_HasTheScaleOfLossesAndTheStepsItSkipped()
    {
        new RunLog(_folder.Path).Write(
            [Report(1, 2) with { LossScale = 32768, SkippedSteps = 1 }, Report(2, 2) with { LossScale = 0.5 }]);
        var rows = MetricsTable.Read(_folder.File(RunLog.FileName)).Rows;
        Assert.Equal([(32768, 1), (0.5, 0)], rows.Select(row => (row["loss_scale"], row["skipped_steps"])));
    }

    [Fact]
    public void Write_InOtherNumbers_HasNeither()
    {
        new RunLog(_folder.Path).Write([Report(1, 2)]);
        var row = Assert.Single(MetricsTable.Read(_folder.File(RunLog.FileName)).Rows);
        Assert.EndsWith(
            ",loss_scale,skipped_steps", File.ReadLines(_folder.File(RunLog.FileName)).First(),
            StringComparison.Ordinal);
        Assert.True(double.IsNaN(row["loss_scale"]) && double.IsNaN(row["skipped_steps"]));
    }

    // as written before there were these columns
    [Fact]
    public void Append_ToAnEarlierVersionsFile_KeepsItsRows()
    {
        _folder.Write(RunLog.FileName, "step,loss,dead_experts\n10,3,1\n20,2,0\n");
        new RunLog(_folder.Path).Append(Report(20, 1.5) with { LossScale = 8 });
        var rows = MetricsTable.Read(_folder.File(RunLog.FileName)).Rows;
        Assert.Equal(
            [(10.0, 3.0, double.NaN), (20.0, 1.5, 8)],
            rows.Select(row => (row["step"], row["loss"], row["loss_scale"])));
        Assert.Equal([1, double.NaN], rows.Select(row => row["dead_experts"]));
    }

    private static TrainingProgress Report(long step, double loss) => new() { Step = step, Loss = loss };
}
