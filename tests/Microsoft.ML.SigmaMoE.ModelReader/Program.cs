// An application that has this library beside it but names nothing of it: it loads a saved pipeline by ML.NET alone and
// prints the perplexity of each argument after the first.
using System.Globalization;
using Microsoft.ML;

var context = new MLContext();
using var engine = context.Model.CreatePredictionEngine<Input, Output>(context.Model.Load(args[0], out _));
foreach (var text in args[1..])
{
    Console.WriteLine(engine.Predict(new() { Text = text }).Perplexity.ToString("R", CultureInfo.InvariantCulture));
}

internal sealed class Input
{
    public string Text { get; set; } = "";
}

internal sealed class Output
{
    public float Perplexity { get; set; }
}
