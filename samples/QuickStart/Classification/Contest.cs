using Microsoft.ML;

namespace QuickStart;

/// <summary>Lets contenders do the same task by the same rules.</summary>
internal sealed class Contest(MLContext context, ClassificationTask task)
{
    /// <summary>Tries every learner on the contender's features; the validation rows choose, the test rows score.</summary>
    public ContestResult Enter(Contender contender)
    {
        var draws = task.Draws.Select(rows => Featurize(contender, rows)).ToArray();
        var validation = Featurize(contender, task.Validation);
        var best = Learner.All(context)
            .Select(learner => Try(learner, draws, validation))
            .MaxBy(attempt => attempt.Validation.MacroAccuracy)!;
        var test = Score(best.Models, Featurize(contender, task.Test));
        return new(contender, best.Learner.Name, best.Validation, test);
    }

    private Attempt Try(Learner learner, IDataView[] draws, IDataView validation)
    {
        var pipeline = context.Transforms.Conversion.MapValueToKey(Learner.LabelKey, nameof(LabelledText.Label))
            .Append(learner.Trainer);
        ITransformer[] models = [.. draws.Select(pipeline.Fit)];
        return new(learner, models, Score(models, validation));
    }

    private ClassifierScore Score(ITransformer[] models, IDataView rows) => ClassifierScore.Mean(
    [
        .. models.Select(model => ClassifierScore.Of(
            context.MulticlassClassification.Evaluate(model.Transform(rows), Learner.LabelKey))),
    ]);

    // Learners read their rows many times: keep what was computed.
    private IDataView Featurize(Contender contender, IEnumerable<LabelledText> rows) => context.Data.Cache(
        contender.Features.Transform(context.Data.LoadFromEnumerable(rows)),
        nameof(LabelledText.Label),
        Contender.Column);

    private sealed record Attempt(Learner Learner, ITransformer[] Models, ClassifierScore Validation);
}
