namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Runs every case of the authors' code that can be found, by its kind and configuration.</summary>
public sealed class ReferenceCaseTests
{
    public static IEnumerable<TheoryDataRow<string>> Folders => ReferenceCase.AllFolders()
        .Select(folder =>
            new TheoryDataRow<string>(folder) { TestDisplayName = $"Reference case {Path.GetFileName(folder)}" });

    [Theory]
    [MemberData(nameof(Folders))]
    public void Case_RunByItsConfiguration_AgreesWithTheAuthorsCode(string folder) => Run(folder);

    [Fact]
    public void Case_OfAnUnknownKind_Fails()
    {
        using var folder = new TemporaryFolder();
        var copy = Directory.CreateDirectory(folder.File("case")).FullName;
        var original = Path.Combine(AppContext.BaseDirectory, "Reference", "Cases", "moe_sigmoid");
        File.Copy(Path.Combine(original, "tensors.safetensors"), Path.Combine(copy, "tensors.safetensors"));
        var config = File.ReadAllText(Path.Combine(original, "config.json"));
        var changed = config.Replace("\"kind\": \"layer\"", "\"kind\": \"novel\"", StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(copy, "config.json"), changed);
        var found = Assert.Single(ReferenceCase.Folders(folder.Path), path => path == copy);
        var fault = Assert.Throws<NotSupportedException>(() => Run(found));
        Assert.Contains("kind 'novel'", fault.Message, StringComparison.Ordinal);
    }

    private static void Run(string folder)
    {
        using var reference = new ReferenceCase(folder);
        Runner(reference.Kind)(reference);
        reference.CheckThatAllIsCompared();
        TestContext.Current.TestOutputHelper?.WriteLine(reference.Worst);
    }

    private static Action<ReferenceCase> Runner(string kind) => kind switch
    {
        "attention" => AttentionCase.Run,
        "data" => DataCase.Run,
        "hf-model" => HuggingFaceCase.Run,
        "layer" => LayerCase.Run,
        "model-eval" => ModelCase.Run,
        "train" => TrainCase.Run,
        _ => throw new NotSupportedException($"No runner for cases of kind '{kind}'."),
    };
}
