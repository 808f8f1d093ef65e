using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>The smallest network that has everything: two layers, two heads, a few experts.</summary>
internal static class TinyModel
{
    public static ModelOptions Model { get; } = new()
    {
        ModelSize = 8,
        LayerCount = 2,
        HeadCount = 2,
        SegmentLength = 4,
        MemoryLength = 4,
    };

    public static MixtureOfExpertsOptions Experts { get; } = new() { ExpertCount = 4, ExpertSize = 3, ActiveExperts = 2 };

    /// <summary>Creates a model over bytes with fresh weights.</summary>
    public static LanguageModel Create(LanguageModelOptions? options = null) => LanguageModel.Create(
        options ?? new() { Model = Model, FeedForward = Experts, Tokenizer = new ByteTokenizerOptions(), Precision = Precision.Float32 },
        TextTokenizer.Train(new ByteTokenizerOptions(), Array.Empty<string>()),
        CPU);

    public static TransformerNetwork Network(
        FeedForwardOptions? feedForward = null, ModelOptions? model = null, int vocabularySize = 11, long seed = 1) =>
        new(model ?? Model, feedForward ?? Experts, vocabularySize, ScalarType.Float32, new Randomness(seed));
}
