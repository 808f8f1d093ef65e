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

    public static MixtureOfExpertsOptions Experts { get; } =
        new() { ExpertCount = 4, ExpertSize = 3, ActiveExperts = 2 };

    /// <summary>Gets one block of every kind, and a mixture with every router.</summary>
    public static IReadOnlyList<FeedForwardOptions> Blocks { get; } =
    [
        new DenseOptions { HiddenSize = 6 },
        new TopKOptions { HiddenSize = 6, ActiveChannels = 3 },
        new ProductKeyMemoryOptions { SubKeyCount = 3, HeadCount = 2 },
        new ProductKeyMemoryOptions
        {
            SubKeyCount = 5,
            HeadCount = 3,
            NearestKeys = 2,
            Activation = MemoryActivation.Softmax,
            Initialization = MemoryInitialization.ByValueCount,
            QueryProjection = true,
        },
        Experts,
        Experts with { Bias = true, HiddenDropout = 0.25 },
        .. Routers.Select(router => Experts with { Router = router }),
    ];

    private static IReadOnlyList<RouterOptions> Routers =>
    [
        new SigmoidRouterOptions { ExpertDropout = 0.25 },
        new SoftmaxBeforeTopKRouterOptions { ExpertDropout = 0.25 },
        new SoftmaxAfterTopKRouterOptions { Balancing = new EntropyBalancingOptions() },
        new SinkhornRouterOptions { Signs = SinkhornSigns.Textbook, Iterations = 5 },
        new SwitchRouterOptions { Balancing = new SwitchBalancingOptions { Scale = SwitchLossScale.SwitchPaper } },
        new LossFreeRouterOptions { BalancingWeight = 0.01 },
        new NoisyTopKRouterOptions { Balancing = new ImportanceAndLoadBalancingOptions { LoadFactor = 0.5 } },
    ];

    /// <summary>Creates a model over bytes with fresh weights.</summary>
    public static LanguageModel Create() => CreateIn(Precision.Float32);

    /// <summary>Creates a model over bytes with fresh weights.</summary>
    public static LanguageModel Create(LanguageModelOptions options) => LanguageModel.Create(
        options,
        TextTokenizer.Train(new ByteTokenizerOptions(), Array.Empty<string>()),
        CPU);

    /// <summary>Creates a model over bytes whose products are of a precision.</summary>
    public static LanguageModel CreateIn(Precision precision) =>
        Create(new LanguageModelOptions
        {
            Model = Model,
            FeedForward = Experts,
            Tokenizer = new ByteTokenizerOptions(),
            Precision = precision,
        });

    public static TransformerNetwork Network(
        FeedForwardOptions? feedForward = null,
        ModelOptions? model = null,
        int vocabularySize = 11,
        long seed = 1,
        Precision precision = Precision.Float32,
        Randomness? randomness = null,
        ComputePrecision? compute = null) => new(
            model ?? Model,
            feedForward ?? Experts,
            vocabularySize,
            compute ?? ComputePrecision.Of(precision, CPU),
            randomness ?? new Randomness(seed));
}
