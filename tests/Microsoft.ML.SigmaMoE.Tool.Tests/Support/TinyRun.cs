namespace Microsoft.ML.SigmaMoE.Tool.Tests;

/// <summary>A model that trains in a blink, made once for all tests that only read it.</summary>
public sealed class TinyRun : IDisposable
{
    public const string Sentence = "the cat sat on the mat";

    public static LanguageModelOptions Options { get; } = new()
    {
        Model = new() { ModelSize = 8, LayerCount = 2, HeadCount = 2, SegmentLength = 16, MemoryLength = 16 },
        FeedForward = new MixtureOfExpertsOptions { ExpertCount = 4, ExpertSize = 3, ActiveExperts = 2 },
        Tokenizer = new ByteTokenizerOptions(),
        Precision = Precision.Float32,
        Training = new() { BatchSize = 4, MaxSteps = 20, LearningRate = 0.02, ValidationFraction = 0.2, ReportInterval = 5, Seed = 5 },
    };

    private readonly TemporaryFolder _folder = new();

    public TinyRun()
    {
        Text = _folder.Write("text.txt", string.Join('\n', Enumerable.Repeat(Sentence, 120)));
        Recipe = _folder.Write("recipe.json", Options.ToJson());
        Model = _folder.File("model");
        Training = Tool.Run("train", Text, "--recipe", Recipe, "--output", Model);
    }

    public string Text { get; }

    public string Recipe { get; }

    public string Model { get; }

    internal ToolResult Training { get; }

    public void Dispose() => _folder.Dispose();
}
