using Microsoft.ML.Data;

namespace QuickStart;

/// <summary>How well a classifier does.</summary>
/// <param name="MicroAccuracy">The share of rows that got the right class.</param>
/// <param name="MacroAccuracy">The same for each class, averaged: rare classes count as much as frequent ones.</param>
/// <param name="LogLoss">The mean of −ln of the right class's probability.</param>
internal sealed record ClassifierScore(double MicroAccuracy, double MacroAccuracy, double LogLoss)
{
    public static ClassifierScore Of(MulticlassClassificationMetrics metrics) =>
        new(metrics.MicroAccuracy, metrics.MacroAccuracy, metrics.LogLoss);

    public static ClassifierScore Mean(IReadOnlyCollection<ClassifierScore> scores) => new(
        scores.Average(score => score.MicroAccuracy),
        scores.Average(score => score.MacroAccuracy),
        scores.Average(score => score.LogLoss));
}
