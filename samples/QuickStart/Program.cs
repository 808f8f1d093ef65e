using System.Diagnostics;
using System.Text;
using Microsoft.ML;
using QuickStart;

if (OperatingSystem.IsWindows())
{
    // its consoles write other alphabets, and models any text
    Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
}

return args is [SecondProcess.Verb, var folder]
    ? PredictAgain.Run(folder, Console.Out)
    : CommandRunner.Run(args, Screen.OfProcess(), Console.Error, Tell);

static void Tell(QuickStartOptions options, Screen screen)
{
    var watch = Stopwatch.StartNew();
    var context = new MLContext(options.Seed);
    var plan = Plan.For(options);
    var saved = new SavedPipeline(options.OutputFolder);

    // English text that is on this machine already, or the user's own
    var corpus = CorpusChoice.Read(options, context);
    var split = CorpusChoice.Split(options, corpus);
    CorpusReport.Print(corpus, split, watch.Elapsed, screen);
    if (options.ExportFolder is { } folder)
    {
        CorpusExport.Write(split, folder);
        screen.Line($"Its parts are in {folder}.");
        return;
    }

    // a mixture of experts, and a dense model of as many parameters that learns for as long
    screen.Section($"Two language models, {plan.TrainingTime.TotalSeconds:F0} seconds of training each");
    var training = new ModelTraining(context, split, plan);
    var recipe = ModelRecipe.For(plan.TrainingTime, split.TrainingBytes, options.Seed);
    var mixture = screen.Watch("σ-MoE", progress => training.Run("σ-MoE", recipe.Mixture, progress));
    var dense = screen.Watch("dense", progress => training.Run("dense", recipe.Dense, progress));
    ModelReport.Print([mixture, dense], screen);
    LikelihoodReport.Print(mixture, screen);
    UsageReport.Print(mixture, screen);

    // what the mixture learned without labels, where labels are few
    ITransformer pipeline = mixture.Transformer;
    var task = new ClassificationTask(corpus, split, plan, options.Seed);
    if (task.IsPossible)
    {
        var contest = screen.Watch("classifiers", progress => FeatureContest.Run(context, task, split, mixture, progress));
        ContestReport.Print(task, contest, screen);
        pipeline = contest.BestWithLanguageModel.Pipeline;
    }

    // another process can use what this one learned
    saved.Save(context, pipeline, [.. split.Test.Take(200).Select(document => document.Text)]);
    SavingReport.Print(saved, SecondProcess.Run(options.OutputFolder), screen);

    GenerationReport.Print(mixture, split, options.Seed, screen);
    screen.Line($"All of it took {watch.Elapsed.TotalSeconds:F0} seconds.");
}
