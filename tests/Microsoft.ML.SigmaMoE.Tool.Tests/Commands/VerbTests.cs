using System.Globalization;
using System.Text;

namespace Microsoft.ML.SigmaMoE.Tool.Tests;

/// <summary>Each verb once, on a model that one training made.</summary>
public sealed class VerbTests(TinyRun tiny) : IClassFixture<TinyRun>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Train_ARecipe_WritesModelAndMetrics()
    {
        tiny.Training.Succeeds();
        using var model = LanguageModel.Load(tiny.Model);
        Assert.Equal(TinyRun.Options.Model, model.Options.Model);
        var metrics = MetricsTable.Read(Path.Combine(tiny.Model, RunLog.FileName));
        Assert.Equal([5.0, 10, 15, 20], metrics.Rows.Select(row => row["step"]));
        Assert.Equal(model.History[^1].Loss, metrics.Rows[^1]["loss"]);
        Assert.True(metrics.Rows[^1]["loss"] < metrics.Rows[0]["loss"]);
        Assert.True(metrics.Rows[^1]["validation_loss"] > 0);
        Assert.Contains("20 steps", tiny.Training.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_FromAModel_GoesOnFromItsWeightsAndKeepsItsShape()
    {
        using var first = LanguageModel.Load(tiny.Model);
        var still = TinyRun.Options with
        {
            Model = TinyRun.Options.Model with { ModelSize = 12 },    // a recipe says how to train, the model what
            Training = TinyRun.Options.Training with { LearningRate = 1e-12, MaxSteps = 3 },
        };
        var recipe = _folder.Write("recipe.json", still.ToJson());
        var output = _folder.File("model");
        Tool.Run("train", tiny.Text, "--recipe", recipe, "--from", tiny.Model, "--output", output).Succeeds();
        using var second = LanguageModel.Load(output);
        Assert.Equal((8, 3L), (second.Options.Model.ModelSize, second.History[^1].Step));
        Assert.Equal(1, second.Score("the mat").LogLikelihood / first.Score("the mat").LogLikelihood, tolerance: 1e-5);
    }

    [Fact]
    public void Eval_InJson_GivesTheNumbersOfTheLibrary()
    {
        var file = _folder.Write("test.txt", $"{TinyRun.Sentence}\n\nunheard of\n");
        var metrics = Tool.Run("eval", tiny.Model, file, "--json").Succeeds().Objects[^1];
        using var model = LanguageModel.Load(tiny.Model);
        var scores = model.Score([TinyRun.Sentence, "", "unheard of"]);
        Assert.Equal(3, metrics.GetProperty("rowCount").GetInt32());
        Assert.Equal(scores.Sum(score => score.LogLikelihood), metrics.GetProperty("logLikelihood").GetDouble(), 1e-4);
        Assert.True(metrics.GetProperty("bitsPerByte").GetDouble() > 0);
        Assert.Contains(
            "bits per byte", Tool.Run("eval", tiny.Model, file).Succeeds().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Score_Lines_GivesARowEach()
    {
        var file = _folder.File("lines.txt");
        File.WriteAllBytes(file, [.. Encoding.UTF8.GetBytes($"{TinyRun.Sentence}\n\n \n"), 0x80, (byte)'\n']); // a byte that is no UTF-8
        var rows = Tool.Run("score", tiny.Model, file).Succeeds().Lines.Select(line => line.Split('\t')).ToArray();
        Assert.Equal(["document", "tokens", "bytes", "log_likelihood", "perplexity", "bits_per_byte"], rows[0]);
        Assert.Equal(["1", "2", "3", "4"], rows.Skip(1).Select(row => row[0]));
        Assert.Equal(["2", "0", "0", "0", "NaN", "NaN"], rows[2]);
        using var model = LanguageModel.Load(tiny.Model);
        Assert.Equal(
            model.Score(TinyRun.Sentence).LogLikelihood, double.Parse(rows[1][3], CultureInfo.InvariantCulture), 1e-4);
    }

    [Fact]
    public void Score_InJson_IntoAFile_IsAnObjectALine()
    {
        var (file, output) = (_folder.Write("lines.txt", "a\n\n"), _folder.File("out/scores.jsonl"));
        Assert.Empty(Tool.Run("score", tiny.Model, file, "--json", "--output", output).Succeeds().Output);
        var rows = new ToolResult(0, File.ReadAllText(output), "").Objects;
        Assert.Equal([1, 2], rows.Select(row => row.GetProperty("document").GetInt32()));
        Assert.Equal("NaN", rows[1].GetProperty("perplexity").GetString());
    }

    [Fact]
    public void Score_AColumnOfATable_ReadsQuotedFields()
    {
        var file = _folder.Write("table.tsv", "id\tbody\n1\t\"two\nlines\"\n2\tx\n");
        var rows = Tool.Run("score", tiny.Model, file, "--column", "body").Succeeds().Lines;
        Assert.Equal(["9", "1"], rows.Skip(1).Select(row => row.Split('\t')[2]));
    }

    [Fact]
    public void Score_WholeFiles_IsARowAFile()
    {
        var files = new[] { _folder.Write("a.txt", "a\nb"), _folder.Write("b.txt", "c") };
        var rows = Tool.Run(["score", tiny.Model, .. files, "--whole-files"]).Succeeds().Lines;
        Assert.Equal(["3", "1"], rows.Skip(1).Select(row => row.Split('\t')[2]));
    }

    [Fact]
    public void Featurize_Lines_GivesAVectorEach()
    {
        var file = _folder.Write("lines.txt", "one\n\n");
        var rows = Tool.Run("featurize", tiny.Model, file).Succeeds().Lines.Select(line => line.Split('\t')).ToArray();
        Assert.Equal(["f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7"], rows[0]);
        Assert.Equal(Enumerable.Repeat("0", 8), rows[2]);
        using var model = LanguageModel.Load(tiny.Model);
        Assert.Equal(
            model.Embed(["one"])[0], rows[1].Select(cell => float.Parse(cell, CultureInfo.InvariantCulture)),
            (x, y) => Math.Abs(x - y) < 1e-5);
    }

    [Theory]
    [InlineData("mean-and-max")]
    [InlineData("MeanAndMax")]
    public void Featurize_WithOptions_HandsThemToTheModel(string pooling)
    {
        var file = _folder.Write("lines.txt", "one\n");
        var vector = Tool.Run(
            "featurize", tiny.Model, file, "--pooling", pooling, "--layer", "1", "--normalize",
            "--json").Succeeds().Objects[0];
        var features = vector.GetProperty("features").EnumerateArray().Select(number => number.GetDouble()).ToArray();
        Assert.Equal(16, features.Length);
        Assert.Equal(1, features.Sum(value => value * value), 1e-4);
    }

    [Fact]
    public void Generate_TheSameSeed_GivesTheSameText()
    {
        string[] words = ["generate", tiny.Model, "--prompt", "the", "--max-tokens", "12", "--seed", "3"];
        var text = Tool.Run(words).Succeeds().Output;
        Assert.StartsWith("the", text, StringComparison.Ordinal);
        Assert.Equal(text, Tool.Run(words).Output);
        var json = Tool.Run([.. words, "--json"]).Succeeds().Objects[0];
        Assert.Equal(text.TrimEnd('\n'), $"the{json.GetProperty("text").GetString()}");
    }

    [Fact]
    public void TokenizerTrain_Text_GivesATokenizerOfThatSize()
    {
        var folder = _folder.File("tokenizer");
        var result = Tool.Run(
            "tokenizer", "train", tiny.Text, "--output", folder, "--vocabulary", "265", "--json").Succeeds();
        var tokenizer = TextTokenizer.Load(folder);
        Assert.Equal(265, tokenizer.VocabularySize);
        Assert.Equal(265, result.Objects[^1].GetProperty("vocabularySize").GetInt32());

        Tool.Run(
            "train", tiny.Text, "--recipe", tiny.Recipe, "--steps", "1", "--tokenizer", folder, "--output",
            _folder.File("model")).Succeeds();
        using var model = LanguageModel.Load(_folder.File("model"));
        Assert.Equal(265, model.VocabularySize);
    }

    [Fact]
    public void Info_NamesVersionsAndKernels()
    {
        var runtime = RuntimeDescription.OfThisProcess();
        var info = Tool.Run("info", "--json").Succeeds().Objects[0];
        Assert.Equal(runtime.TorchVersion, info.GetProperty("torchVersion").GetString());
        Assert.Equal(runtime.ExpertKernel, info.GetProperty("expertKernel").GetString());
        Assert.Contains(runtime.ExpertKernel, Tool.Run("info").Succeeds().Output, StringComparison.Ordinal);
    }
}
