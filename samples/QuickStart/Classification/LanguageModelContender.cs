using Microsoft.ML;
using Microsoft.ML.SigmaMoE;

namespace QuickStart;

/// <summary>The features of a language model, ready for a classifier.</summary>
/// <remarks>
/// Tried and not kept: earlier layers, maxima beside the means, weights by rarity or surprise, whitening (no better); second
/// moments, which do better alone but not beside counts, and are too many for a few minutes. docs/features.md has the numbers.
/// </remarks>
internal static class LanguageModelContender
{
    /// <summary>Scales each feature to vary alike, and each row to length 1: without that a few large features decide.</summary>
    public static Contender Fit(MLContext context, TrainedModel model, ClassificationTask task)
    {
        var pipeline = context.Transforms.Text
            .FeaturizeTextWithLanguageModel(Contender.Column, nameof(Document.Text), model.Model)
            .Append(context.Transforms.NormalizeMeanVariance(Contender.Column, fixZero: false))
            .Append(context.Transforms.NormalizeLpNorm(Contender.Column));
        return new($"{model.Name} features", pipeline.Fit(context.Data.LoadFromEnumerable(task.Validation)));
    }
}
