using Microsoft.ML;
using Microsoft.ML.SigmaMoE;

namespace QuickStart;

/// <summary>Trains language models on the training text and measures them on the test text.</summary>
internal sealed class ModelTraining(MLContext context, CorpusSplit split, Plan plan)
{
    private readonly Document[] _test = [.. split.Test.OrderBy(document => StableHash.Of(document.Id)).Take(plan.MostScoredRows)];

    public TrainedModel Run(string name, LanguageModelOptions options, IProgress<WorkState> progress)
    {
        var transformer = Train(options, progress);
        progress.Report(new(1, "scoring the test text"));
        var scored = context.Transforms.Text
            .ScoreTextWithLanguageModel(nameof(Document.Text), transformer.Model, Scores(options.FeedForward))
            .Fit(Rows(_test))
            .Transform(Rows(_test));
        var rows = context.Data.CreateEnumerable<ScoredText>(scored, reuseRowObject: false, ignoreMissingColumns: true);
        return new(name, transformer, [.. rows], context.LanguageModeling.Evaluate(scored));
    }

    private LanguageModelTransformer Train(LanguageModelOptions options, IProgress<WorkState> progress)
    {
        var display = new TrainingDisplay(progress, options.Training.MaxDuration!.Value);
        var reporting = options with { Training = options.Training with { Progress = display } };
        try
        {
            return context.Transforms.Text.SigmaMoELanguageModel(nameof(Document.Text), reporting).Fit(Rows(split.Train));
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            // of the text: too short, or nothing but white space
            throw new UserException($"The text cannot be trained on. {exception.Message}");
        }
    }

    private static OutputColumns Scores(FeedForwardOptions block) => new()
    {
        Features = null,
        ExpertUsage = block is MixtureOfExpertsOptions ? nameof(ScoredText.ExpertUsage) : null,
    };

    private IDataView Rows(IEnumerable<Document> documents) => context.Data.LoadFromEnumerable(documents);
}
