namespace QuickStart.Tests;

public sealed class ClassificationTaskTests
{
    private static readonly Document[] Documents =
        [.. Enumerable.Range(0, 3000).Select(row => new Document($"text {row}", $"{row % 3}", $"{row}", $"{row}"))];

    private static readonly CorpusSplit Split = CorpusSplit.By(Documents, document => document.Id, 10);

    [Fact]
    public void Draws_HaveTheAskedRowsOfEachClass()
    {
        var task = Task(new TextCorpus("test", Documents), rowsPerClass: 7, seed: 1);
        Assert.All(
            task.Draws, draw => Assert.All(draw.CountBy(row => row.Label!), pair => Assert.Equal(7, pair.Value)));
        Assert.Equal(3, task.Labels.Count);
        Assert.True(task.IsPossible);
    }

    [Fact]
    public void Draws_ComeFromTheTrainingPartAndDiffer()
    {
        var task = Task(new TextCorpus("test", Documents), rowsPerClass: 7, seed: 1);
        var train = Split.Train.Select(document => document.Text).ToHashSet();
        Assert.All(task.Draws, draw => Assert.All(draw, row => Assert.Contains(row.Text, train)));
        Assert.NotEqual(task.Draws[0].Select(row => row.Text), task.Draws[1].Select(row => row.Text));
    }

    [Fact]
    public void Draws_OfOneSeed_AreTheSame()
    {
        var corpus = new TextCorpus("test", Documents);
        Assert.Equal(
            Task(corpus, rowsPerClass: 7, seed: 2).Draws[0].Select(row => row.Text),
            Task(corpus, rowsPerClass: 7, seed: 2).Draws[0].Select(row => row.Text));
    }

    [Fact]
    public void Test_HasNoClassThatTrainingLacks()
    {
        var stranger = new Document("stranger", "only in test", "x", "x");
        var split = Split with { Test = [.. Split.Test, stranger] };
        var task = new ClassificationTask(new TextCorpus("test", [.. Documents, stranger]), split, PlanOf(7), seed: 1);
        Assert.DoesNotContain(task.Test, row => row.Label == stranger.Label);
        Assert.DoesNotContain(stranger.Label, task.Labels);
    }

    [Fact]
    public void Validation_AndTest_HaveNoMoreRowsThanAsked()
    {
        var plan = PlanOf(7) with { MostValidationRows = 10, MostTestRows = 20 };
        var task = new ClassificationTask(new TextCorpus("test", Documents), Split, plan, seed: 1);
        Assert.Equal((10, 20), (task.Validation.Count, task.Test.Count));
        Assert.NotEqual(Split.Test.Take(20), task.Test);
    }

    [Fact]
    public void IsPossible_WithoutLabels_IsFalse()
    {
        var unlabelled = Documents.Select(document => document with { Label = null }).ToArray();
        var split = CorpusSplit.By(unlabelled, document => document.Id, 10);
        Assert.False(new ClassificationTask(new TextCorpus("test", unlabelled), split, PlanOf(7), seed: 1).IsPossible);
    }

    private static ClassificationTask Task(TextCorpus corpus, int rowsPerClass, int seed) =>
        new(corpus, Split, PlanOf(rowsPerClass), seed);

    private static Plan PlanOf(int rowsPerClass) =>
        new() { TrainingTime = default, RowsPerClass = rowsPerClass, Draws = 2 };
}
