namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class EpochOrderTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(3, 1)]
    [InlineData(4, 1)]
    [InlineData(5, 2)]
    [InlineData(1000, 7)]
    [InlineData(4096, 1)]
    [InlineData(4097, 1)]
    public void Shuffled_AnyCount_IsAPermutationOfWholeChunks(int items, int chunkLength)
    {
        for (var epoch = 0; epoch < 3; epoch++)
        {
            var order = EpochOrder.Shuffled(items, chunkLength, seed: 9, epoch);
            var whole = items / chunkLength * chunkLength;
            var read = Enumerable.Range(0, whole).Select(place => order[place]).ToArray();
            Assert.Equal(Enumerable.Range(0, whole).Select(i => (long)i), read.Order());
            Assert.All(read.Index(), pair => Assert.Equal(pair.Index % chunkLength, pair.Item % chunkLength));
        }
    }

    [Fact]
    public void Shuffled_BillionsOfItems_StaysInRange()
    {
        const long items = 5_000_000_000;
        var order = EpochOrder.Shuffled(items, 16, seed: -1, epoch: 2);
        for (var place = 0L; place < items; place += items / 1000)
        {
            Assert.InRange(order[place], 0, items - 1);
        }
    }

    [Fact]
    public void Shuffled_ManySeeds_PutsEveryChunkEverywhere()
    {
        const int chunks = 10, seeds = 5000;
        var counts = new int[chunks, chunks];
        for (var seed = 0; seed < seeds; seed++)
        {
            var order = EpochOrder.Shuffled(chunks, 1, seed, epoch: 0);
            for (var place = 0; place < chunks; place++)
            {
                counts[place, order[place]]++;
            }
        }

        // 500 expected, standard deviation 21: six of them either way
        Assert.All(counts.Cast<int>(), count => Assert.InRange(count, 370, 630));
    }

    [Fact]
    public void Sequential_IsTheIdentity()
    {
        var order = EpochOrder.Sequential(7);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6], Enumerable.Range(0, 7).Select(place => order[place]));
    }
}
