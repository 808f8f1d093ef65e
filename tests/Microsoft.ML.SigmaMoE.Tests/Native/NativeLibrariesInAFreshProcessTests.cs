namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class NativeLibrariesInAFreshProcessTests : IDisposable
{
    private const string Text = "some text";

    // A file where a folder must be: not even the administrator can write there.
    private readonly Dictionary<string, string> _nowhere;
    private readonly TemporaryFolder _folder = new();
    private readonly float _expected;

    public NativeLibrariesInAFreshProcessTests()
    {
        File.WriteAllText(_folder.File("file"), "");
        _nowhere = new() { ["SIGMAMOE_CACHE_DIR"] = _folder.File("file"), ["HOME"] = _folder.File("file"), ["XDG_DATA_HOME"] = "" };
        using var model = TinyModel.Create();
        _expected = (float)model.Score(Text).Perplexity;
        var context = new MLContext();
        var data = context.Data.LoadFromEnumerable<Row>([new()]);
        using var transformer = context.Transforms.Text.ScoreTextWithLanguageModel("Text", model).Fit(data);
        context.Model.Save(transformer, data.Schema, Model);
    }

    private string Model => _folder.File("model.zip");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Load_WhereNoFolderCanBeWritten_WorksFromMemory()
    {
        var process = FreshProcess.Run(FreshProcess.Folder, _nowhere, Model, Text);
        Assert.Equal(_expected, Assert.Single(FreshProcess.Perplexities(process)), 1e-3f);
    }

    [Fact]
    public void Load_WhereAllIsWell_SaysNothing()
    {
        var process = FreshProcess.Run(FreshProcess.Folder, new Dictionary<string, string>(), Model, Text);
        Assert.Equal((0, ""), (process.ExitCode, process.Errors));
        Assert.Single(FreshProcess.Perplexities(process));
    }

    [Fact]
    public void Load_BySeveralProcessesAtOnce_LeavesAtMostOneCopy()
    {
        var environment = new Dictionary<string, string> { ["SIGMAMOE_CACHE_DIR"] = _folder.File("cache") };
        Parallel.For(0, 3, _ => Assert.Single(FreshProcess.Perplexities(FreshProcess.Run(FreshProcess.Folder, environment, Model, Text))));
        var copies = Directory.Exists(_folder.File("cache"))
            ? Directory.GetFiles(_folder.File("cache"), "*", SearchOption.AllDirectories)
            : [];
        Assert.Equal(OperatingSystem.IsLinux() && !TorchBridge.SystemIsNewEnough ? 1 : 0, copies.Length);
    }

    [Fact]
    public void Load_WhereOneDnnMayNotUseBFloat16_ScoresInFloat32()
    {
        var environment = new Dictionary<string, string> { ["ONEDNN_MAX_CPU_ISA"] = "AVX2" };
        var process = FreshProcess.Run(FreshProcess.Folder, environment, Model, Text);
        var perplexity = Assert.Single(FreshProcess.Perplexities(process));
        Assert.Equal(1, perplexity / _expected, 0.01f); // bfloat16 keeps eight bits
    }

    [Fact]
    public void Load_WithoutLibtorch_NamesThePackageToAdd()
    {
        var application = Directory.CreateDirectory(_folder.File("application")).FullName;
        foreach (var file in Directory.GetFiles(FreshProcess.Folder).Where(file => !file.EndsWith(".deps.json", StringComparison.Ordinal)))
        {
            File.Copy(file, Path.Combine(application, Path.GetFileName(file)));
        }

        var process = FreshProcess.Run(application, _nowhere, Model, Text);
        Assert.NotEqual(0, process.ExitCode);
        Assert.True(
            process.Errors.Contains(TorchRequirements.MissingPackage(), StringComparison.Ordinal), process.Errors);
        Assert.DoesNotContain("LoadNativeBackend", process.Errors, StringComparison.Ordinal);
    }

    private sealed class Row
    {
        public string Text { get; set; } = NativeLibrariesInAFreshProcessTests.Text;
    }
}
