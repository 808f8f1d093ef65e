using Microsoft.ML;
using Microsoft.ML.Trainers;

namespace QuickStart;

/// <summary>A way to learn classes (column <see cref="LabelKey"/>) from numbers (column <see cref="Contender.Column"/>).</summary>
internal sealed record Learner(string Name, IEstimator<ITransformer> Trainer)
{
    public const string LabelKey = "LabelKey";

    /// <summary>What is tried on every contender; validation rows decide.</summary>
    public static IReadOnlyList<Learner> All(MLContext context) =>
    [
        Perceptron(context),
        LogisticRegression(context, 0.1f),
    ];

    private static Learner LogisticRegression(MLContext context, float l2) => new(
        $"logistic regression, L2 = {l2}",
        context.MulticlassClassification.Trainers.LbfgsMaximumEntropy(new LbfgsMaximumEntropyMulticlassTrainer.Options
        {
            LabelColumnName = LabelKey,
            FeatureColumnName = Contender.Column,
            L1Regularization = 0,
            L2Regularization = l2,
            OptimizationTolerance = 1e-4f,
        }));

    private static Learner Perceptron(MLContext context) => new(
        "averaged perceptron",
        context.MulticlassClassification.Trainers.OneVersusAll(
            context.BinaryClassification.Trainers.AveragedPerceptron(
                LabelKey, Contender.Column, numberOfIterations: 10), LabelKey));
}
