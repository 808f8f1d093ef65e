using System.Text.RegularExpressions;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed partial class ReadmeTests
{
    private static string Readme { get; } = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));

    [Fact]
    public void CodeBlocks_OfTheReadme_StandInSamplesThatAreBuilt()
    {
        var sources = Directory.GetFiles(Path.Combine(Repository.Root, "samples"), "*.cs", SearchOption.AllDirectories)
            .Select(File.ReadAllText)
            .ToList();
        var blocks = CodeBlock().Matches(Readme).Select(match => match.Groups[1].Value.Trim()).ToList();
        Assert.NotEmpty(blocks);
        Assert.All(
            blocks, block => Assert.Contains(sources, source => source.Contains(block, StringComparison.Ordinal)));
    }

    [Fact]
    public void QuickStart_OfTheReadme_IsTwoCommands()
    {
        Assert.Contains("dotnet run -c Release --project samples/QuickStart\n", Readme, StringComparison.Ordinal);
        Assert.Contains("dotnet test -c Release\n", Readme, StringComparison.Ordinal);
    }

    [Fact]
    public void Paths_OfTheReadme_Exist()
    {
        var paths = CodePath().Matches(Readme).Select(match => match.Groups[1].Value).ToList();
        Assert.NotEmpty(paths);
        Assert.All(
            paths, path => Assert.True(Path.Exists(Path.Combine(Repository.Root, path)), $"{path} does not exist."));
    }

    [Fact]
    public void Length_OfTheReadme_IsAtMostAHundredAndFiftyLines() =>
        Assert.InRange(Readme.Count(c => c == '\n'), 1, 150);

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"`((?:src|tests|samples|kernels)/[\w./-]+)`")]
    private static partial Regex CodePath();
}
