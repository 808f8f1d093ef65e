// Usage: TextClassification TABLE.tsv [MINUTES]
// The table has a header and two columns, the label and the text. The language model learns from all texts of the
// training part, without their labels; the classifier learns the labels from the model's features.
using Microsoft.ML;
using Microsoft.ML.SigmaMoE;
using TextClassification;

if (args.Length is 0 or > 2)
{
    Console.Error.WriteLine("Usage: TextClassification TABLE.tsv [MINUTES]");
    return 1;
}

var time = TimeSpan.FromMinutes(args.Length == 2 ? double.Parse(args[1]) : 2);

var mlContext = new MLContext(seed: 1);
var data = mlContext.Data.LoadFromTextFile<Document>(args[0], hasHeader: true, allowQuoting: true);
var parts = mlContext.Data.TrainTestSplit(data, testFraction: 0.2);
var options = new LanguageModelOptions { Training = new() { MaxDuration = time } };

var pipeline = mlContext.Transforms.Conversion.MapValueToKey("Label", "Category")
    .Append(mlContext.Transforms.Text.SigmaMoELanguageModel("Text", options))
    .Append(mlContext.Transforms.NormalizeMeanVariance("Features"))
    .Append(mlContext.MulticlassClassification.Trainers.LbfgsMaximumEntropy())
    .Append(mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel"));

var model = pipeline.Fit(parts.TrainSet);
var scored = model.Transform(parts.TestSet);
var accuracy = mlContext.MulticlassClassification.Evaluate(scored).MicroAccuracy;
var language = mlContext.LanguageModeling.Evaluate(scored);
Console.WriteLine($"accuracy {accuracy:P1}, perplexity {language.Perplexity:F1}, {language.BitsPerByte:F3} bits per byte");

mlContext.Model.Save(model, data.Schema, "model.zip");
return 0;
