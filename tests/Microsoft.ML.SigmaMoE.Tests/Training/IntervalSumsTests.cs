using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class IntervalSumsTests
{
    [Fact]
    public void Add_TwoPasses_SumsLossesByShareAndCountsExperts()
    {
        using var scope = NewDisposeScope();
        var sums = new IntervalSums();
        var total = sums.Add(Pass(2, 0.5f, [0, 1, 0, 2]), share: 0.5);
        sums.Add(Pass(4, null, [0, 0]), share: 0.5);

        Assert.Equal(2.5, total);
        Assert.Equal((3, 0.25), (sums.CrossEntropy, sums.Balancing));
        Assert.Equal([4, 1, 1, 0], Assert.Single(sums.ExpertCounts));
        Assert.Equal([1], sums.DeadExperts());
    }

    [Theory]
    [InlineData(new long[] { 5, 5, 5, 5 }, 1)]
    [InlineData(new long[] { 9, 0, 0, 0 }, 0)]
    [InlineData(new long[] { 3, 3, 0, 0 }, 0.5)]
    [InlineData(new long[] { 7 }, 1)]
    public void Entropies_KnownCounts_AreSharesOfTheLargest(long[] counts, double expected) =>
        Assert.Equal(expected, new IntervalSums { ExpertCounts = [counts] }.Entropies().Single(), 12);

    private static PassResult Pass(double crossEntropy, double? balancing, long[] experts) => new(
        crossEntropy,
        balancing ?? 0,
        [new(tensor(experts, [experts.Length / 2, 2]), ones(experts.Length / 2, 2), zeros(experts.Length / 2, 4))],
        []);
}
