using System.Diagnostics;
using Microsoft.ML;

namespace QuickStart;

/// <summary>What the sample shows, in order.</summary>
internal sealed class Story(QuickStartOptions options, Screen screen)
{
    private const int RowsPerClass = 20;
    private readonly MLContext _context = new(options.Seed);

    public void Tell()
    {
        var (corpus, split) = ReadText();
        var task = new ClassificationTask(corpus, split, RowsPerClass, draws: options.Quick ? 1 : 3, options.Seed);
        if (task.IsPossible)
        {
            Classify(task, split);
        }
    }

    private (TextCorpus Corpus, CorpusSplit Split) ReadText()
    {
        screen.Section("Text");
        var watch = Stopwatch.StartNew();
        var corpus = CorpusChoice.Read(options, _context);
        var split = CorpusChoice.Split(options, corpus);
        CorpusReport.Print(corpus, split, watch.Elapsed, screen);
        return (corpus, split);
    }

    private void Classify(ClassificationTask task, CorpusSplit split)
    {
        screen.Section($"Naming the class after {task.RowsPerClass} labelled rows of each");
        var contest = new Contest(_context, task);
        var results = screen.Watch("classical features", progress => Classical(contest, split, progress));
        ContestReport.Print(task, results, screen);
    }

    private List<ContestResult> Classical(Contest contest, CorpusSplit split, IProgress<WorkState> progress)
    {
        var results = new List<ContestResult>();
        var contenders = ClassicalContenders.Fit(_context, split.Train);
        foreach (var contender in contenders)
        {
            progress.Report(new((1.0 + results.Count) / (1 + contenders.Count), contender.Name));
            results.Add(contest.Enter(contender));
        }

        return results;
    }
}
