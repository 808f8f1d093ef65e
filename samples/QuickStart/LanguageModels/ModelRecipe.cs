using Microsoft.ML.SigmaMoE;

namespace QuickStart;

/// <summary>Which language models are worth training in a given time.</summary>
/// <param name="Mixture">The mixture of experts.</param>
/// <param name="Dense">The same with ordinary feed-forward blocks of equally many parameters.</param>
internal sealed record ModelRecipe(LanguageModelOptions Mixture, LanguageModelOptions Dense)
{
    private const int MostStreams = 16;
    private const int SegmentLength = 128;

    // A token of this vocabulary is at most about so many bytes on average; small text repeats itself.
    private const int BytesOfAToken = 12;

    public static ModelRecipe For(TimeSpan trainingTime, long trainingBytes, int seed)
    {
        var experts = new MixtureOfExpertsOptions { ExpertCount = 16, ExpertSize = 32, ActiveExperts = 4 };
        var mixture = new LanguageModelOptions
        {
            // most documents are shorter than a segment: in training a memory would cost more than it gives
            Model = new()
            {
                ModelSize = 192,
                LayerCount = 3,
                HeadCount = 4,
                SegmentLength = SegmentLength,
                MemoryLength = 0,
                EvaluationMemoryLength = 128,
            },
            FeedForward = experts,
            Tokenizer = new BytePairTokenizerOptions { VocabularySize = 4000 },
            Training = new()
            {
                MaxDuration = trainingTime,
                // little text is read in fewer streams, each of which holds a segment at least
                BatchSize = (int)Math.Clamp(trainingBytes / BytesOfAToken / SegmentLength, 1, MostStreams),
                LearningRate = 0.004,
                WarmupSteps = 50,
                Beta2 = 0.99,
                ClipNorm = 1,
                ValidationFraction = 0,
                Seed = seed,
            },
        };
        var dense = ModelCost.DenseOfEqualParameters(experts, mixture.Model.ModelSize);
        return new(mixture, mixture with { FeedForward = dense });
    }
}
