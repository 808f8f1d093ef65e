namespace Microsoft.ML.SigmaMoE.Tool.Tests;

public sealed class MetricsTableTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("", "no column step")]
    [InlineData("a,b\n1,2\n", "no column step")]
    [InlineData("step,loss\n1,2\n3\n", "Line 3 of")]
    [InlineData("step,loss\n1,two\n", "Line 2 of")]
    public void Read_AForeignFile_SaysWhatIsWrong(string text, string part)
    {
        var path = _folder.Write("metrics.csv", text);
        Assert.Contains(
            part, Assert.Throws<UserException>(() => MetricsTable.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_AMissingFile_NamesIt() =>
        Assert.Contains(
            "/no/metrics.csv", Assert.Throws<UserException>(() => MetricsTable.Read("/no/metrics.csv")).Message,
            StringComparison.Ordinal);
}
