namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Runs every case of the authors' code that can be found, by its kind and configuration.</summary>
public sealed class ReferenceCaseTests
{
    /// <summary>What has cases but is not in the library yet. A case that needs anything else must pass.</summary>
    private static readonly HashSet<string> NotBuilt =
    [
        "hf-model",
        "product-key memory",
        "top-k activation",
        "softmax",
        "sinkhorn(train)+sigmoid",
    ];

    public static IEnumerable<TheoryDataRow<string>> Folders => ReferenceCase.AllFolders()
        .Select(folder => new TheoryDataRow<string>(folder) { TestDisplayName = $"Reference case {Path.GetFileName(folder)}" });

    [Theory]
    [MemberData(nameof(Folders))]
    public void Case_RunByItsConfiguration_AgreesWithTheAuthorsCode(string folder)
    {
        if (MissingSystem(folder) is { } missing)
        {
            Assert.SkipWhen(NotBuilt.Contains(missing), $"'{missing}' is not built yet.");
            Assert.Fail($"{folder} needs '{missing}', which is neither built nor expected to be missing.");
        }

        using var reference = new ReferenceCase(folder);
        Runner(reference.Kind)(reference);
    }

    [Fact]
    public void NotBuilt_GivenTheRepositorysCases_ListsOnlyWhatIsMissing() =>
        Assert.Equal(NotBuilt.Order(), ReferenceCase.AllFolders().Select(MissingSystem).OfType<string>().Distinct().Order());

    private static Action<ReferenceCase> Runner(string kind) => kind switch
    {
        "attention" => AttentionCase.Run,
        "data" => DataCase.Run,
        "layer" => LayerCase.Run,
        "model-eval" => ModelCase.Run,
        "train" => TrainCase.Run,
        _ => throw new NotSupportedException($"No runner for cases of kind '{kind}'."),
    };

    private static string? MissingSystem(string folder)
    {
        using var config = CaseConfig.Open(folder);
        var kind = config.RootElement.GetProperty("kind").GetString()!;
        if (NotBuilt.Contains(kind))
        {
            return kind;
        }

        return kind is "attention" or "data" || CaseOptions.FeedForward(config.RootElement.GetProperty("plain")) is not (null, var system)
            ? null
            : system;
    }
}
