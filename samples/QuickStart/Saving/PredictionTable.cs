using Microsoft.ML;
using Microsoft.ML.Data;

namespace QuickStart;

/// <summary>Predictions of a pipeline, with or without a classifier at its end.</summary>
internal static class PredictionTable
{
    private const string LabelColumn = "PredictedLabel";

    public static Prediction[] Predict(MLContext context, ITransformer model, IReadOnlyList<string> texts)
    {
        var rows = texts.Select((text, index) => new Document(text, Label: "", Id: $"{index}", Group: text));
        var predicted = model.Transform(context.Data.LoadFromEnumerable(rows));
        var classifies = predicted.Schema.GetColumnOrNull(LabelColumn) is not null;
        var labels = classifies ? predicted.GetColumn<string>(LabelColumn) : texts.Select(_ => (string?)null);
        var scores = classifies
            ? predicted.GetColumn<float[]>("Score")
            : predicted.GetColumn<float>("LogLikelihood").Select(value => new[] { value });
        return [.. texts.Zip(labels, scores).Select(row => new Prediction(row.First, row.Second, row.Third))];
    }
}
