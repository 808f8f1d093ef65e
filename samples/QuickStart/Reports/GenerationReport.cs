using Microsoft.ML.SigmaMoE;

namespace QuickStart;

/// <summary>Text that a model makes up.</summary>
internal static class GenerationReport
{
    private const int PromptWords = 3;

    public static void Print(TrainedModel model, CorpusSplit split, int seed, Screen screen)
    {
        var options = new GenerationOptions { MaxTokens = 60, Temperature = 0.7, TopP = 0.95, Seed = seed };
        screen.Section($"What {model.Name} makes up");
        foreach (var prompt in Prompts(split.Test))
        {
            screen.Line($"{prompt} → {CollapsedText.Of(model.Model.Generate(prompt, options))}");
        }
    }

    // The first words of three test rows, always the same ones.
    private static IEnumerable<string> Prompts(IEnumerable<Document> test) => test
        .OrderBy(document => StableHash.Of(document.Id))
        .Select(document => string.Join(' ', document.Text.Split(' ').Take(PromptWords)))
        .Distinct()
        .Take(3);
}
