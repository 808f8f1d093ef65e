namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class RowBatchesTests
{
    [Fact]
    public void Plan_GivenRowsOfManyLengths_HoldsEachNonEmptyRowOnceLongestFirst()
    {
        int[] lengths = [3, 0, 700, 12, 12, 1, 0, 90];
        var batches = RowBatches.Plan(lengths, segmentLength: 128);
        Assert.Equal([0, 2, 3, 4, 5, 7], batches.SelectMany(batch => batch).Order());
        Assert.All(batches, batch => Assert.Equal(batch.OrderByDescending(row => lengths[row]), batch));
    }

    [Fact]
    public void Plan_GivenAWindowOfRealisticRows_WastesAtMostATenth()
    {
        var random = new Random(5);
        int[] lengths =
            [.. Enumerable.Range(0, 1024).Select(_ => 1 + (int)(30 * Math.Exp(random.NextDouble() * 3 - 1)))];
        var batches = RowBatches.Plan(lengths, 4096);
        var used = lengths.Sum();
        var padded = batches.Sum(batch => batch.Length * lengths[batch[0]]);
        Assert.InRange((double)(padded - used) / padded, 0, 0.10);
        Assert.All(batches, batch => Assert.InRange(batch.Length * lengths[batch[0]], 1, RowBatches.TokenBudget));
    }

    [Fact]
    public void Plan_GivenOneRowOverTheBudget_GivesItABatch() =>
        Assert.Equal([[0]], RowBatches.Plan([RowBatches.TokenBudget * 3], int.MaxValue));

    [Fact]
    public void Plan_GivenALimitOfRows_FillsBatchesToIt()
    {
        var batches = RowBatches.Plan([.. Enumerable.Repeat(5, 8)], segmentLength: 16, mostRows: 3);
        Assert.Equal([3, 3, 2], batches.Select(batch => batch.Length));
        Assert.Equal(Enumerable.Range(0, 8), batches.SelectMany(batch => batch).Order());
    }

    [Fact]
    public void Plan_GivenNoRows_GivesNoBatches() => Assert.Empty(RowBatches.Plan([], 8));
}
