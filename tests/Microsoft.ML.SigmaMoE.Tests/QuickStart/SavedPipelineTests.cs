using Microsoft.ML;
using Microsoft.ML.SigmaMoE.Tests;

namespace QuickStart.Tests;

public sealed class SavedPipelineTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Compare_AfterSave_FindsTheSamePredictions()
    {
        var comparison = Save().Compare();
        Assert.Equal(new PredictionComparison(3, 3, 0), comparison);
    }

    [Fact]
    public void PredictAgain_OfOtherPredictions_FailsWithTwo()
    {
        Save();
        var path = _folder.File("predictions.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"1\"", "\"0\"", StringComparison.Ordinal));
        using var output = new StringWriter();
        Assert.Equal(2, PredictAgain.Run(_folder.Path, output));
        Assert.Contains("2 of 3", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Create_WhereNoFolderCanBe_Throws()
    {
        var file = _folder.File("file");
        File.WriteAllText(file, "");
        Assert.Throws<IOException>(() => new SavedPipeline(file));
    }

    private SavedPipeline Save()
    {
        var context = new MLContext(1);
        var rows = Enumerable.Range(0, 60).Select(
            row => new Document(row % 2 == 0 ? "sun" : "rain", $"{row % 2}", $"{row}", ""));
        var data = context.Data.LoadFromEnumerable(rows);
        var pipeline = context.Transforms.Text.FeaturizeText("Features", "Text")
            .Append(context.Transforms.Conversion.MapValueToKey("Label"))
            .Append(context.MulticlassClassification.Trainers.NaiveBayes())
            .Append(context.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        var saved = new SavedPipeline(_folder.Path);
        saved.Save(context, pipeline.Fit(data), ["sun", "rain", "sun"]);
        return saved;
    }
}
