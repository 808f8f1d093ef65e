using Microsoft.ML;

namespace QuickStart;

/// <summary>What a contender reached, means over the draws of training rows.</summary>
/// <param name="Contender">Who.</param>
/// <param name="Learner">The learner that did best on the validation rows.</param>
/// <param name="Validation">Its scores on the rows that chose it.</param>
/// <param name="Test">Its scores on rows that chose nothing.</param>
/// <param name="Pipeline">From the text to the predicted class, as learned from the first draw.</param>
internal sealed record ContestResult(
    Contender Contender, string Learner, ClassifierScore Validation, ClassifierScore Test, ITransformer Pipeline);
