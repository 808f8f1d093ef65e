namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The models of the paper's tables by name, with the recipes of their runs (appendix B): shapes, dropout, batch,
/// learning rate, 100,000 steps. They were made for GPUs; on a processor train a smaller one.
/// </summary>
/// <remarks>
/// <para>Change one record to get the paper's other systems: <c>WikiText103Small with { FeedForward = ... }</c>.</para>
/// <para>
/// Where the paper's text and the authors' runs differ, these are the runs: 10 % expert dropout in the big model (the
/// text has 20 %), gradients cut at 0.1 in the small dense models (0.25). Their runs multiply in float16 with scaled
/// losses; here <see cref="LanguageModelOptions.Precision"/> chooses bfloat16 or float32. Their Enwik8 has 205
/// different bytes; the byte tokenizer here has 257 tokens. Their 8000 word pieces were made by SentencePiece; here a
/// byte-level BPE makes as many.
/// </para>
/// </remarks>
public static class LanguageModelPresets
{
    private const int Steps = 100_000;
    private const double LearningRate = 2.5e-4;

    /// <summary>Gets the σ-MoE on Enwik8: 41 million parameters, bytes.</summary>
    public static LanguageModelOptions Enwik8 { get; } = Enwik8With(
        Mixture(16, expertDropout: 0.05, balancingWeight: 0.0001));

    /// <summary>Gets the dense model that <see cref="Enwik8"/> is compared with.</summary>
    public static LanguageModelOptions Enwik8Dense { get; } = Enwik8With(new DenseOptions { HiddenSize = 2053 });

    /// <summary>Gets the small σ-MoE on WikiText-103: 47 million parameters.</summary>
    public static LanguageModelOptions WikiText103Small { get; } = SmallWith(
        Mixture(16, expertDropout: 0, balancingWeight: 0.001));

    /// <summary>Gets the dense model that <see cref="WikiText103Small"/> is compared with.</summary>
    public static LanguageModelOptions WikiText103SmallDense { get; } = SmallWith(
        new DenseOptions { HiddenSize = 2053 }, clipNorm: 0.1);

    /// <summary>
    /// Gets the small σ-MoE on WikiText-103 with 128 experts (WT-S* in the paper): 237 million parameters.
    /// </summary>
    public static LanguageModelOptions WikiText103SmallManyExperts { get; } =
        SmallWith(Mixture(128, expertDropout: 0.05, balancingWeight: 0.001));

    /// <summary>Gets the dense model that <see cref="WikiText103SmallManyExperts"/> is compared with.</summary>
    public static LanguageModelOptions WikiText103SmallManyExpertsDense { get; } =
        SmallWith(new DenseOptions { HiddenSize = 16480 }, clipNorm: 0.1);

    /// <summary>Gets the big σ-MoE on WikiText-103: 262 million parameters.</summary>
    public static LanguageModelOptions WikiText103Big { get; } = BigWith(
        Mixture(32, expertDropout: 0.1, balancingWeight: 0.001));

    /// <summary>Gets the dense model that <see cref="WikiText103Big"/> is compared with.</summary>
    public static LanguageModelOptions WikiText103BigDense { get; } = BigWith(new DenseOptions { HiddenSize = 4110 });

    private static MixtureOfExpertsOptions Mixture(int experts, double expertDropout, double balancingWeight) => new()
    {
        ExpertCount = experts,
        Router = new SigmoidRouterOptions { ExpertDropout = expertDropout, BalancingWeight = balancingWeight },
    };

    private static LanguageModelOptions Enwik8With(FeedForwardOptions feedForward) => new()
    {
        Model = Model(512, 12, 8, 64, segmentLength: 512, dropout: 0.1),
        FeedForward = feedForward,
        Tokenizer = new ByteTokenizerOptions(),
        Training = Training(batchSize: 32),
    };

    private static LanguageModelOptions SmallWith(FeedForwardOptions feedForward, double clipNorm = 0.25) => new()
    {
        Model = Model(412, 16, 10, 41, segmentLength: 256, dropout: 0.1),
        FeedForward = feedForward,
        Training = Training(batchSize: 64) with { ClipNorm = clipNorm },
    };

    private static LanguageModelOptions BigWith(FeedForwardOptions feedForward) => new()
    {
        Model = Model(1024, 18, 16, 64, segmentLength: 512, dropout: 0.2),
        FeedForward = feedForward,
        Training = Training(batchSize: 64) with { WarmupSteps = 4000 },
    };

    // Memory is one segment in training and four in the paper's tables.
    private static ModelOptions Model(
        int size, int layers, int heads, int headSize, int segmentLength, double dropout) => new()
        {
            ModelSize = size,
            LayerCount = layers,
            HeadCount = heads,
            HeadSize = headSize,
            SegmentLength = segmentLength,
            MemoryLength = segmentLength,
            EvaluationMemoryLength = 4 * segmentLength,
            Dropout = dropout,
        };

    private static TrainingOptions Training(int batchSize) => new()
    {
        BatchSize = batchSize,
        MaxSteps = Steps,
        LearningRate = LearningRate,
        WarmupSteps = 0,
        Shuffle = false,
    };
}
