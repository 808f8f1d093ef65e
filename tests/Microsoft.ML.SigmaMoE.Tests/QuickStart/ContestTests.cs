using Microsoft.ML;
using Microsoft.ML.Data;

namespace QuickStart.Tests;

public sealed class ContestTests
{
    private static readonly string[] Words = ["apple pear plum", "stone sand clay", "river lake sea"];

    private readonly MLContext _context = new(1);
    private readonly TextCorpus _corpus;
    private readonly CorpusSplit _split;

    public ContestTests()
    {
        _corpus = new("test", Enumerable.Range(0, 600).Select(row => Row(row, row % Words.Length)));
        _split = CorpusSplit.By(_corpus.Documents, document => document.Id, 10);
    }

    [Fact]
    public void Enter_ClassesThatDifferInWords_NamesThemAll()
    {
        var contest = new Contest(_context, Task(_split));
        Assert.All(ClassicalContenders.Fit(_context, _split.Train), contender =>
        {
            var result = contest.Enter(contender);
            Assert.Equal((1.0, 1.0), (result.Test.MicroAccuracy, result.Test.MacroAccuracy));
            Assert.InRange(result.Test.LogLoss, 0, 0.7);
            Assert.Contains(result.Learner, Learner.All(_context).Select(learner => learner.Name));
        });
    }

    [Fact]
    public void Enter_LabelsThatSayNothing_IsAsGoodAsGuessing()
    {
        Document[] Shuffle(IReadOnlyList<Document> rows) =>
            [.. rows.Select(row => row with { Label = $"{StableHash.Of(row.Id, seed: 9) % 3}" })];
        var split = new CorpusSplit(Shuffle(_split.Train), Shuffle(_split.Validation), Shuffle(_split.Test));
        var result = new Contest(_context, Task(split)).Enter(ClassicalContenders.Fit(_context, split.Train)[0]);

        // a third is right by chance; 60 test rows, two draws: five standard deviations are 0.3
        Assert.InRange(result.Test.MicroAccuracy, 0, 0.63);
    }

    [Fact]
    public void Enter_AnyContender_GivesAPipelineFromTextToClass()
    {
        var result = new Contest(_context, Task(_split)).Enter(ClassicalContenders.Fit(_context, _split.Train)[0]);
        var predictions = PredictionTable.Predict(_context, result.Pipeline, ["some clay", "a lake"]);
        Assert.Equal(["1", "2"], predictions.Select(prediction => prediction.Label));
        Assert.All(predictions, prediction => Assert.Equal(1, prediction.Scores.Sum(), 1e-5));
    }

    [Fact]
    public void Join_TwoContenders_HasTheFeaturesOfBoth()
    {
        var contenders = ClassicalContenders.Fit(_context, _split.Train);
        var joined = Contender.Join(_context, contenders[0], contenders[1]);
        var first = Features(contenders[0]);
        var second = Features(contenders[1]);
        Assert.Equal([.. first, .. second], Features(joined));
        Assert.Equal($"{contenders[0].Name} + {contenders[1].Name}", joined.Name);
    }

    [Fact]
    public void Weigh_AContender_GivesItsRowsThatLength()
    {
        var contender = ClassicalContenders.Fit(_context, _split.Train)[0];
        var (before, after) = (Features(contender), Features(contender.Weigh(_context, 0.5f)));
        Assert.Equal(before.Select(value => value / 2), after, (x, y) => Math.Abs(x - y) < 1e-6);
        Assert.Contains(before, value => value > 0.1f);
    }

    private float[] Features(Contender contender)
    {
        var rows = _context.Data.LoadFromEnumerable([new Document("apple and clay", "0", "0", "0")]);
        return contender.Features.Transform(rows).GetColumn<float[]>(Contender.Column).Single();
    }

    private ClassificationTask Task(CorpusSplit split) =>
        new(_corpus, split, new Plan { TrainingTime = default, RowsPerClass = 10, Draws = 2 }, seed: 1);

    private static Document Row(int row, int label) =>
        new($"{Words[label]} {row * 7919 % 997}", $"{label}", $"{row}", $"{row}");
}
