namespace QuickStart.Tests;

public sealed class CorpusSplitTests
{
    private static readonly Document[] Documents =
        [.. Enumerable.Range(0, 10_000).Select(row => new Document($"{row}", null, $"{row}", $"group {row / 10}"))];

    [Fact]
    public void By_Group_KeepsGroupsTogether()
    {
        var split = CorpusSplit.By(Documents, document => document.Group, 5);
        var train = split.Train.Select(document => document.Group).ToHashSet();
        var validation = split.Validation.Select(document => document.Group).ToHashSet();
        var test = split.Test.Select(document => document.Group).ToHashSet();
        Assert.False(train.Overlaps(validation) || train.Overlaps(test) || validation.Overlaps(test));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(10)]
    public void By_Id_SplitsInTheAskedProportion(int heldOutPercent)
    {
        var split = CorpusSplit.By(Documents, document => document.Id, heldOutPercent);
        Assert.Equal(Documents.Length, split.Train.Count + split.Validation.Count + split.Test.Count);

        // five standard deviations
        var expected = Documents.Length * heldOutPercent / 100.0;
        var tolerance = 5 * Math.Sqrt(expected);
        Assert.InRange(split.Validation.Count, expected - tolerance, expected + tolerance);
        Assert.InRange(split.Test.Count, expected - tolerance, expected + tolerance);
    }

    [Fact]
    public void By_AnyKey_KeepsTheOrder()
    {
        var train = CorpusSplit.By(Documents, document => document.Id, 5).Train
            .Select(row => int.Parse(row.Id, null))
            .ToArray();
        Assert.Equal(train.Order(), train);
    }
}
