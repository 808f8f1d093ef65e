// A router of one's own in a language model, as a step of an ML.NET pipeline.
using CustomRouter;
using Microsoft.ML;
using Microsoft.ML.SigmaMoE;

CustomRouters.Register("cosine", context => new CosineRouter(context, temperature: 0.1));

var mlContext = new MLContext(seed: 1);
string[] sentences = ["the printer does not print", "the invoice is wrong", "my password does not work", "when does it ship"];
var data = mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, 400).Select(i => new Row { Text = sentences[i % 4] }));
var options = new LanguageModelOptions
{
    Model = new() { ModelSize = 64, LayerCount = 2, SegmentLength = 32, MemoryLength = 32 },
    FeedForward = new MixtureOfExpertsOptions { ExpertSize = 32, Router = new CustomRouterOptions { Name = "cosine" } },
    Tokenizer = new ByteTokenizerOptions(),
    Training = new() { MaxSteps = 150, BatchSize = 8 },
};

using var model = mlContext.Transforms.Text.SigmaMoELanguageModel("Text", options).Fit(data);
var metrics = mlContext.LanguageModeling.Evaluate(model.Transform(data));
Console.WriteLine($"{metrics.BitsPerByte:F3} bits per byte, {string.Join(", ", model.Model.History[^1].DeadExperts)} dead experts by layer");
