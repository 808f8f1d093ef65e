namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Files of bytes that the repository does not hold; see <see cref="GeneratedCaseTests"/>.</summary>
public sealed class GeneratedDataCaseTests
{
    // the first reads beyond its splits, the second has rests
    [Theory]
    [InlineData(60, 24, 12, 2, 6)]
    [InlineData(101, 17, 25, 3, 4)]
    public void Case_OfOtherSizes_RunsByItsConfigurationAlone(int train, int valid, int test, int batch, int time)
    {
        using var folder = new TemporaryFolder();
        DataCaseMaker.Write(folder.File("data"), train, valid, test, batch, time);
        new ReferenceCaseTests().Case_RunByItsConfiguration_AgreesWithTheAuthorsCode(folder.File("data"));
    }
}
