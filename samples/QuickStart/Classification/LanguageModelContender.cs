using Microsoft.ML;
using Microsoft.ML.SigmaMoE;

namespace QuickStart;

/// <summary>The features of a language model, ready for a classifier.</summary>
internal static class LanguageModelContender
{
    // Tried on validation rows: of one layer the first does best, with means and maxima together.
    private static readonly FeatureOptions Options = new() { Layer = 1, Pooling = PoolingKind.MeanAndMax };

    /// <summary>Scales each feature to vary alike, and each row to length 1: without that a few large features decide.</summary>
    public static Contender Fit(MLContext context, TrainedModel model, ClassificationTask task)
    {
        var pipeline = context.Transforms.Text
            .FeaturizeTextWithLanguageModel(Contender.Column, nameof(Document.Text), model.Model, Options)
            .Append(context.Transforms.NormalizeMeanVariance(Contender.Column, fixZero: false))
            .Append(context.Transforms.NormalizeLpNorm(Contender.Column));
        return new($"{model.Name} features", pipeline.Fit(context.Data.LoadFromEnumerable(task.Validation)));
    }
}
