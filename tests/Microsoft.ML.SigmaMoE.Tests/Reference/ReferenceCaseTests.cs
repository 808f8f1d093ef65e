namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Runs every case of the authors' code that can be found, by its kind and configuration.</summary>
public sealed class ReferenceCaseTests
{
    /// <summary>The kinds that have cases but are not in the library yet. A case of any other kind must pass.</summary>
    private static readonly HashSet<string> NotBuilt = ["hf-model"];

    public static IEnumerable<TheoryDataRow<string>> Folders => ReferenceCase.AllFolders()
        .Select(folder => new TheoryDataRow<string>(folder) { TestDisplayName = $"Reference case {Path.GetFileName(folder)}" });

    [Theory]
    [MemberData(nameof(Folders))]
    public void Case_RunByItsConfiguration_AgreesWithTheAuthorsCode(string folder)
    {
        using var reference = new ReferenceCase(folder);
        Assert.SkipWhen(NotBuilt.Contains(reference.Kind), $"'{reference.Kind}' is not built yet.");
        Runner(reference.Kind)(reference);
        TestContext.Current.TestOutputHelper?.WriteLine(reference.Worst);
    }

    [Fact]
    public void NotBuilt_GivenTheRepositorysCases_ListsOnlyWhatIsMissing()
    {
        var kinds = ReferenceCase.AllFolders().Select(KindOf).Distinct();
        Assert.Equal(NotBuilt.Order(), kinds.Where(NotBuilt.Contains).Order());
    }

    private static Action<ReferenceCase> Runner(string kind) => kind switch
    {
        "attention" => AttentionCase.Run,
        "data" => DataCase.Run,
        "layer" => LayerCase.Run,
        "model-eval" => ModelCase.Run,
        "train" => TrainCase.Run,
        _ => throw new NotSupportedException($"No runner for cases of kind '{kind}'."),
    };

    private static string KindOf(string folder)
    {
        using var config = CaseConfig.Open(folder);
        return config.RootElement.GetProperty("kind").GetString()!;
    }
}
