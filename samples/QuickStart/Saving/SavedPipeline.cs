using System.Text.Json;
using Microsoft.ML;

namespace QuickStart;

/// <summary>A pipeline saved as ML.NET saves any, beside a few of its predictions.</summary>
internal sealed class SavedPipeline
{
    private readonly string _folder;

    /// <summary>Makes sure that there is such a folder: better to fail now than after minutes of training.</summary>
    public SavedPipeline(string folder) => _folder = Directory.CreateDirectory(folder).FullName;

    public string ModelPath => Path.Combine(_folder, "model.zip");

    private string PredictionsPath => Path.Combine(_folder, "predictions.json");

    public void Save(MLContext context, ITransformer pipeline, IReadOnlyList<string> texts)
    {
        var schema = context.Data.LoadFromEnumerable(Array.Empty<Document>()).Schema;
        context.Model.Save(pipeline, schema, ModelPath);
        File.WriteAllText(PredictionsPath, JsonSerializer.Serialize(PredictionTable.Predict(context, pipeline, texts)));
    }

    /// <summary>Loads the pipeline, predicts the same texts again, and compares.</summary>
    public PredictionComparison Compare()
    {
        var context = new MLContext();
        var expected = JsonSerializer.Deserialize<Prediction[]>(File.ReadAllText(PredictionsPath))!;
        var pipeline = context.Model.Load(ModelPath, out _);
        return PredictionComparison.Of(expected, PredictionTable.Predict(context, pipeline, [.. expected.Select(row => row.Text)]));
    }
}
