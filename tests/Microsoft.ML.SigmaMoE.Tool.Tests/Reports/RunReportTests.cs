namespace Microsoft.ML.SigmaMoE.Tool.Tests;

public sealed class RunReportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_TwoRuns_SumsThemUp()
    {
        var report = RunReport.Read([Run("a", Report(10, 3, null), Report(20, 2, 2.5)), Run("b", Report(10, 4, null))]);
        Assert.Equal(["a", "b"], report.Rows.Select(row => row.Run));
        Assert.Equal((20.0, 2.0, 2.5), (report.Rows[0].Steps, report.Rows[0].Loss, report.Rows[0].ValidationLoss));
        Assert.Contains("| b | 10 | 100 | 1.0 | 100 | 4.0000 | – | – |", report.ToMarkdown(), StringComparison.Ordinal);
    }

    [Fact]
    public void Chart_OfAColumnThatOneRunHas_LeavesTheOtherOut()
    {
        var report = RunReport.Read([Run("a", Report(10, 3, 2.5)), Run("b", Report(10, 4, null))]);
        Assert.DoesNotContain(">b<", report.Chart("validation_loss").ToSvg(), StringComparison.Ordinal);
        Assert.Contains(">b<", report.Chart("loss").ToSvg(), StringComparison.Ordinal);
    }

    [Fact]
    public void Chart_OfAnUnknownColumn_ListsThoseThatThereAre()
    {
        var report = RunReport.Read([Run("a", Report(10, 3, 2.5))]);
        Assert.Contains(
            "validation_loss", Assert.Throws<UserException>(() => report.Chart("joy")).Message,
            StringComparison.Ordinal);
    }

    private string Run(string name, params TrainingProgress[] reports)
    {
        new RunLog(_folder.File(name)).Write(reports);
        return _folder.File(name);
    }

    private static TrainingProgress Report(long step, double loss, double? validation) => new()
    {
        Step = step,
        Tokens = step * 10,
        Elapsed = TimeSpan.FromSeconds(step / 10.0),
        Loss = loss,
        ValidationLoss = validation,
    };
}
