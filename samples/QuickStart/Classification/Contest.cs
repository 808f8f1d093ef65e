using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace QuickStart;

/// <summary>Lets contenders do the same task by the same rules.</summary>
internal sealed class Contest(MLContext context, ClassificationTask task)
{
    private const string PredictedLabel = "PredictedLabel";

    /// <summary>Tries every learner on the contender's features; the validation rows choose, the test rows score.</summary>
    public ContestResult Enter(Contender contender)
    {
        var draws = task.Draws.Select(rows => Featurize(contender, rows)).ToArray();
        var validation = Featurize(contender, task.Validation);
        var best = Learner.All(context)
            .Select(learner => Try(learner, draws, validation))
            .MaxBy(attempt => attempt.Validation.MacroAccuracy)!;
        var test = Score(best.Models, Featurize(contender, task.Test));
        return new(contender, best.Learner.Name, best.Validation, test, Pipeline(contender, best.Models[0], draws[0]));
    }

    private Attempt Try(Learner learner, IDataView[] draws, IDataView validation)
    {
        var pipeline = context.Transforms.Conversion.MapValueToKey(Learner.LabelKey, nameof(Document.Label))
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
    private IDataView Featurize(Contender contender, IEnumerable<Document> rows) => context.Data.Cache(
        contender.Features.Transform(context.Data.LoadFromEnumerable(rows)),
        nameof(Document.Label),
        Contender.Column);

    private TransformerChain<KeyToValueMappingTransformer> Pipeline(Contender contender, ITransformer model, IDataView features)
    {
        var names = context.Transforms.Conversion.MapKeyToValue(PredictedLabel).Fit(model.Transform(features));
        return contender.Features.Append(model).Append(names);
    }

    private sealed record Attempt(Learner Learner, ITransformer[] Models, ClassifierScore Validation);
}
