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

    private static TrainingProgress Report(long step, double loss) => new() { Step = step, Loss = loss };
}
