namespace Microsoft.ML.SigmaMoE.Tool.Tests;

/// <summary>
/// What is wrong gets one line that says so, and exit code 1; good files are never replaced by half of one.
/// </summary>
public sealed class BadInputTests(TinyRun tiny) : IClassFixture<TinyRun>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AMissingTextFile_IsNamed() =>
        Tool.Run("score", tiny.Model, "/no/such/file.txt").IsMistake("/no/such/file.txt does not exist");

    [Fact]
    public void AFolderInsteadOfText_IsNamed() => Tool.Run("score", tiny.Model, _folder.Path).IsMistake("is a folder");

    [Fact]
    public void AMissingModel_IsNamed() =>
        Tool.Run("score", "/no/such/model", tiny.Text).IsMistake("/no/such/model is no folder");

    [Fact]
    public void AnEmptyFolderAsModel_NamesTheMissingFile() =>
        Tool.Run("eval", _folder.Path, tiny.Text).IsMistake("config.json' is missing");

    [Fact]
    public void ATruncatedModel_IsNamed()
    {
        var weights = Path.Combine(CopyModel(), "model.safetensors");
        File.WriteAllBytes(weights, File.ReadAllBytes(weights)[..^5]);
        Tool.Run("eval", Path.GetDirectoryName(weights)!, tiny.Text).IsMistake("model.safetensors' cannot be used");
    }

    [Fact]
    public void AForeignConfiguration_IsNamed()
    {
        var model = CopyModel();
        File.WriteAllText(Path.Combine(model, "config.json"), """{"architectures": ["GPT2LMHeadModel"]}""");
        Tool.Run("eval", model, tiny.Text).IsMistake("config.json' cannot be used");
    }

    [Fact]
    public void AHostileModelFile_IsNamed()
    {
        var weights = Path.Combine(CopyModel(), "model.safetensors");
        File.WriteAllBytes(weights, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, (byte)'{']);
        Tool.Run("eval", Path.GetDirectoryName(weights)!, tiny.Text).IsMistake("model.safetensors' cannot be used");
    }

    [Fact]
    public void ARowLongerThanAnyContext_IsScoredWhole()
    {
        var text = _folder.Write("long.txt", string.Concat(Enumerable.Repeat(TinyRun.Sentence, 500)));
        var score = Tool.Run("score", tiny.Model, text, "--json").Succeeds().Objects[0];
        Assert.Equal(500 * TinyRun.Sentence.Length, score.GetProperty("tokens").GetInt32());
        Assert.True(double.IsFinite(score.GetProperty("perplexity").GetDouble()));
    }

    [Fact]
    public void AModelThatNoMemoryHolds_SaysSo()
    {
        var options = TinyRun.Options with
        {
            Model = TinyRun.Options.Model with { ModelSize = 1 << 16, HeadCount = 1, HeadSize = 1 },
            FeedForward = new DenseOptions { HiddenSize = int.MaxValue },
        };
        var recipe = _folder.Write("recipe.json", options.ToJson());
        Tool.Run("train", tiny.Text, "--recipe", recipe, "--output", _folder.File("m")).IsMistake("not enough memory");
    }

    [Fact]
    public void AVocabularyThatDoesNotMatch_IsNamed()
    {
        var model = CopyModel();
        Tool.Run("tokenizer", "train", tiny.Text, "--output", model, "--vocabulary", "270").Succeeds();
        Tool.Run("eval", model, tiny.Text).IsMistake("do not belong together");
    }

    [Fact]
    public void AMissingColumn_ListsThoseThatThereAre()
    {
        var table = _folder.Write("table.tsv", "id\tbody\n1\tx\n");
        Tool.Run("score", tiny.Model, table, "--column", "text").IsMistake(
            "has no column text; its columns are id, body");
    }

    [Fact]
    public void AnEmptyTextFile_HasNothingToMeasure()
    {
        var empty = _folder.Write("empty.txt", "\n\n");
        Tool.Run("eval", tiny.Model, empty).IsMistake("nothing to measure");
        Tool.Run("train", empty, "--recipe", tiny.Recipe, "--output", _folder.File("m")).IsMistake(
            "nothing to train on");
    }

    [Fact]
    public void ATextTooShortToTrainOn_SaysHowMuchIsNeeded()
    {
        var text = _folder.Write("short.txt", "short");
        Tool.Run("train", text, "--recipe", tiny.Recipe, "--output", _folder.File("m")).IsMistake("at least 65");
    }

    [Theory]
    [InlineData("{", "cannot be used")]
    [InlineData("""{"model": {"layers": 2}}""", "layers")]
    [InlineData("""{"training": {"batch_size": 0}}""", "BatchSize is 0")]
    public void ABadRecipe_IsNamed(string json, string part)
    {
        var recipe = _folder.Write("recipe.json", json);
        var result = Tool.Run("train", tiny.Text, "--recipe", recipe, "--output", _folder.File("m"));
        result.IsMistake(part);
        Assert.Contains(recipe, result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void AMissingRecipe_IsNamed() =>
        Tool.Run("train", tiny.Text, "--recipe", "/no/recipe.json", "--output", _folder.File("m")).IsMistake(
            "/no/recipe.json does not exist");

    [Fact]
    public void AGpuThatIsNotThere_SaysSo()
    {
        Assert.SkipWhen(RuntimeDescription.OfThisProcess().GpuCount > 7, "This machine has that many.");
        Tool.Run("score", tiny.Model, tiny.Text, "--gpu", "7").IsMistake("GPU 7 was asked for");
        Tool.Run("train", tiny.Text, "--from", tiny.Model, "--output", _folder.File("m"), "--gpu", "7")
            .IsMistake("GPU 7 was asked for");
        Tool.Run("score", tiny.Model, tiny.Text, "--gpu", "7", "--fallback-to-cpu").Succeeds();
    }

    [Fact]
    public void ATrainingFolderThatIsUsed_AsksForResume() =>
        Tool.Run("train", tiny.Text, "--recipe", tiny.Recipe, "--output", tiny.Model).IsMistake("add --resume");

    [Fact]
    public void ACheckpointOfAnotherConfiguration_SaysWhatDiffers()
    {
        var options = TinyRun.Options with { Model = TinyRun.Options.Model with { LayerCount = 1 } };
        var recipe = _folder.Write("recipe.json", options.ToJson());
        Tool.Run("train", tiny.Text, "--recipe", recipe, "--output", tiny.Model, "--resume").IsMistake(
            "LayerCount is 1, was 2");
    }

    [Fact]
    public void AnOutputThatCannotBeWritten_LeavesTheOldOne()
    {
        var output = _folder.Write("scores.tsv", "good");
        Tool.Run("score", tiny.Model, tiny.Text, "--output", Path.Combine(output, "below.tsv")).IsMistake("scores.tsv");
        Assert.Equal("good", File.ReadAllText(output));
    }

    [Fact]
    public void AnOptionOutOfRange_IsNamed()
    {
        Tool.Run("generate", tiny.Model, "--top-p", "2").IsMistake("TopP is 2");
        Tool.Run("featurize", tiny.Model, tiny.Text, "--layer", "9").IsMistake("Layer is 9");
        Tool.Run("train", tiny.Text, "--output", _folder.File("m"), "--steps", "0").IsMistake("MaxSteps is 0");
        Tool.Run("tokenizer", "train", tiny.Text, "--output", _folder.File("t"), "--vocabulary", "9").IsMistake(
            "VocabularySize is 9");
    }

    [Fact]
    public void TwoWaysToReadAFile_ExcludeEachOther() =>
        Tool.Run("score", tiny.Model, tiny.Text, "--column", "a", "--whole-files").IsMistake("exclude each other");

    [Fact]
    public void AModelToGoOnFromAndATokenizer_ExcludeEachOther() =>
        Tool.Run("train", tiny.Text, "--from", tiny.Model, "--tokenizer", tiny.Model, "--output", _folder.File("m"))
            .IsMistake("exclude each other");

    [Fact]
    public void AMissingModelToGoOnFrom_IsNamed() =>
        Tool.Run("train", tiny.Text, "--from", "/no/such/model", "--output", _folder.File("m"))
            .IsMistake("/no/such/model is no folder");

    private string CopyModel()
    {
        var copy = Directory.CreateDirectory(_folder.File("copy")).FullName;
        foreach (var file in Directory.GetFiles(tiny.Model))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        return copy;
    }
}
