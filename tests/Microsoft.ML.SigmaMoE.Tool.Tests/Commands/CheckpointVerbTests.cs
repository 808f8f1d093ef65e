namespace Microsoft.ML.SigmaMoE.Tool.Tests;

/// <summary>import, export, and scoring by token ids.</summary>
public sealed class CheckpointVerbTests(TinyRun tiny) : IClassFixture<TinyRun>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Export_AndImport_GiveTheSameModel()
    {
        var (file, folder) = (_folder.File("model.safetensors"), _folder.File("model"));
        Tool.Run("export", tiny.Model, file).Succeeds();
        var imported = Tool.Run(
            "import", file, "--output", folder, "--tokenizer", tiny.Model, "--recipe", tiny.Recipe,
            "--json").Succeeds().Objects[0];
        Assert.True(imported.GetProperty("hasTokenizer").GetBoolean());
        using var before = LanguageModel.Load(tiny.Model);
        using var after = LanguageModel.Load(folder);
        Assert.Equal(before.Score("the cat").TokenLogLikelihoods, after.Score("the cat").TokenLogLikelihoods);
    }

    [Fact]
    public void Import_OfSomethingElse_IsNamed()
    {
        var file = _folder.Write("notes.safetensors", "not a checkpoint");
        Tool.Run("import", file, "--output", _folder.File("model")).IsMistake("notes.safetensors' cannot be used");
        Tool.Run("import", "/no/file", "--output", _folder.File("model")).IsMistake("'/no/file' is missing");
        Assert.False(Directory.Exists(_folder.File("model")));
    }

    [Fact]
    public void Import_OfTensorsAlone_PrintsWhatItAssumesOrRefuses()
    {
        var (weights, folder) = (Path.Combine(tiny.Model, "model.safetensors"), _folder.File("model"));
        using var original = LanguageModel.Load(tiny.Model);
        var active = $"{Assert.IsType<MixtureOfExpertsOptions>(original.Options.FeedForward).ActiveExperts}";
        Tool.Run("import", weights, "--output", folder, "--active-experts", active)
            .IsMistake("is taken for σ-MoE: a sigmoid router and ReLU");
        Assert.False(Directory.Exists(folder));
        var assumed = Tool.Run(
            "import", weights, "--output", folder, "--active-experts", active, "--assume").Succeeds();
        Assert.Contains("is taken for σ-MoE", assumed.Errors, StringComparison.Ordinal);
        Tool.Run("import", weights, "--output", _folder.File("other"), "--recipe", tiny.Recipe).Succeeds();
        var block = _folder.Write("block.json", $$$"""{"feed_forward": {{{JsonOf(original.Options.FeedForward)}}}}""");
        Tool.Run("import", weights, "--output", _folder.File("third"), "--recipe", block).Succeeds();
    }

    [Fact]
    public void Score_Ids_ScoresAsTheText()
    {
        using var model = LanguageModel.Load(tiny.Model);
        int[] ids = [model.Tokenizer.SeparatorId, .. model.Tokenizer.Encode("the cat")];
        var file = _folder.Write("ids.txt", $"{string.Join(' ', ids)}\n\n1, 2,3\n");
        var rows = Tool.Run("score", tiny.Model, file, "--ids")
            .Succeeds().Lines
            .Select(line => line.Split('\t'))
            .ToArray();
        Assert.Equal(["document", "tokens", "bytes", "log_likelihood", "perplexity", "bits_per_byte"], rows[0]);
        Assert.Equal(["7", "0", "2"], rows.Skip(1).Select(row => row[1]));
        Assert.Equal(
            model.Score("the cat").LogLikelihood,
            double.Parse(rows[1][3], System.Globalization.CultureInfo.InvariantCulture), 1e-4);
    }

    [Theory]
    [InlineData("1 two 3", "'two' in document 1 is no token id")]
    [InlineData("1 99999", "99999")]
    public void Score_IdsThatAreNone_NamesThem(string text, string part) =>
        Tool.Run("score", tiny.Model, _folder.Write("ids.txt", text), "--ids").IsMistake(part);

    [Fact]
    public void Verbs_OfText_OnAModelWithoutTokenizer_SaySo()
    {
        var (file, folder) = (_folder.File("model.safetensors"), _folder.File("model"));
        Tool.Run("export", tiny.Model, file).Succeeds();
        Tool.Run("import", file, "--output", folder).Succeeds();
        Tool.Run("score", folder, tiny.Text).IsMistake("tokenizer");
        Tool.Run("generate", folder, "--prompt", "the").IsMistake("tokenizer");
    }

    [Fact]
    public void Report_OfARun_WritesTableAndChart()
    {
        var output = _folder.File("report");
        Assert.Contains(
            "20", Tool.Run("report", tiny.Model, "--output", output).Succeeds().Output, StringComparison.Ordinal);
        Assert.Contains(
            "![loss over tokens](report.svg)", File.ReadAllText(Path.Combine(output, "report.md")),
            StringComparison.Ordinal);
        Assert.Contains("<polyline", File.ReadAllText(Path.Combine(output, "report.svg")), StringComparison.Ordinal);
        Tool.Run("report", _folder.Path, "--output", output).IsMistake("metrics.csv does not exist");
    }

    private static string JsonOf(FeedForwardOptions block)
    {
        using var json = System.Text.Json.JsonDocument.Parse(new LanguageModelOptions { FeedForward = block }.ToJson());
        return json.RootElement.GetProperty("feed_forward").GetRawText();
    }
}
