using TorchSharp;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TokenStreamTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = torch.NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Next_NotShuffled_RowsAreContiguousPartsOfTheText()
    {
        // 11 tokens, T = 2: 5 items; B = 2: 2 steps; item 4 is left out
        using var tokens = TokenFiles.CreateCounting(_folder.File("text"), 11);
        var stream = new TokenStream(tokens, batchSize: 2, segmentLength: 2);

        Assert.Equal(2, stream.StepsPerEpoch);
        Assert.Equal([0, 1, 2, 4, 5, 6], Read(stream));
        Assert.Equal([2, 3, 4, 6, 7, 8], Read(stream));
        Assert.Equal([0, 1, 2, 4, 5, 6], Read(stream));
    }

    [Fact]
    public void Next_Batch_HasOneTokenMoreThanTheSegment()
    {
        using var tokens = TokenFiles.CreateCounting(_folder.File("text"), 100);
        var batch = new TokenStream(tokens, batchSize: 3, segmentLength: 7).Next();
        Assert.Equal([3, 8], batch.shape);
        Assert.Equal(torch.int64, batch.dtype);
    }

    [Fact]
    public void StartsEpoch_OnlyBeforeTheFirstBatchOfEach()
    {
        using var tokens = TokenFiles.CreateCounting(_folder.File("text"), 19);
        var stream = new TokenStream(tokens, batchSize: 2, segmentLength: 3); // 3 steps
        var starts = Enumerable.Range(0, 7).Select(_ =>
        {
            var starts = stream.StartsEpoch;
            stream.Next();
            return starts;
        });
        Assert.Equal([true, false, false, true, false, false, true], starts);
    }

    [Theory]
    [InlineData(2, 5, 400)]
    [InlineData(3, 4, 4001)]
    [InlineData(1, 1, 100)]
    public void Next_Shuffled_ReadsEveryItemOnceAnEpoch(int batchSize, int segmentLength, int length)
    {
        using var tokens = TokenFiles.CreateCounting(_folder.File("text"), length);
        var stream = new TokenStream(tokens, batchSize, segmentLength, shuffleSeed: 3);

        var starts = FirstTokensOfEpoch(stream).SelectMany(row => row).ToArray();

        Assert.Equal(starts.Length, starts.Distinct().Count());
        Assert.All(starts, start => Assert.Equal(0, start % segmentLength));
        var items = (length - 1) / segmentLength;
        Assert.InRange(starts.Length, items * 7 / 8, items); // what does not fill a chunk or a batch is left out
    }

    [Fact]
    public void Next_Shuffled_KeepsNeighboursTogetherInARow()
    {
        using var tokens = TokenFiles.CreateCounting(_folder.File("text"), 40_001);
        var stream = new TokenStream(tokens, batchSize: 4, segmentLength: 10, shuffleSeed: 3);
        var rows = FirstTokensOfEpoch(stream);
        var follows = rows.Average(
            row => row.Zip(row.Skip(1), (first, next) => next == first + 10 ? 1.0 : 0).Average());
        Assert.InRange(follows, 0.9, 0.99); // 15 of 16 steps
    }

    [Fact]
    public void Next_Shuffled_OrderDependsOnSeedAndEpoch()
    {
        using var tokens = TokenFiles.CreateCounting(_folder.File("text"), 4001);
        var one = new TokenStream(tokens, 2, 4, shuffleSeed: 1);
        var epoch0 = FirstTokensOfEpoch(one)[0];
        var epoch1 = FirstTokensOfEpoch(one)[0];

        Assert.NotEqual(epoch0, epoch1);
        Assert.Equal(epoch0, FirstTokensOfEpoch(new TokenStream(tokens, 2, 4, shuffleSeed: 1))[0]);
        Assert.NotEqual(epoch0, FirstTokensOfEpoch(new TokenStream(tokens, 2, 4, shuffleSeed: 2))[0]);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(5)]
    public void Position_Restored_ReadsOnAsIfNeverStopped(int? seed)
    {
        using var tokens = TokenFiles.CreateCounting(_folder.File("text"), 200);
        var stream = new TokenStream(tokens, 2, 5, seed);
        for (var i = 0; i < stream.StepsPerEpoch + 3; i++)
        {
            stream.Next();
        }

        var resumed = new TokenStream(tokens, 2, 5, seed) { Position = stream.Position };
        for (var i = 0; i < stream.StepsPerEpoch; i++)
        {
            Assert.Equal(Read(stream), Read(resumed));
            Assert.Equal(stream.Position, resumed.Position);
        }
    }

    [Fact]
    public void Position_BeyondTheEpoch_Throws()
    {
        using var tokens = TokenFiles.CreateCounting(_folder.File("text"), 11);
        var stream = new TokenStream(tokens, 2, 2);
        Assert.Throws<ArgumentOutOfRangeException>(() => stream.Position = new(0, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => stream.Position = new(-1, 0));
    }

    [Fact]
    public void Constructor_TextTooShort_SaysHowLongItMustBe()
    {
        using var tokens = TokenFiles.CreateCounting(_folder.File("text"), 40);
        var fault = Assert.Throws<ArgumentException>(() => new TokenStream(tokens, batchSize: 4, segmentLength: 10));
        Assert.Contains("has 40 tokens", fault.Message, StringComparison.Ordinal);
        Assert.Contains("at least 41", fault.Message, StringComparison.Ordinal);
    }

    private static long[] Read(TokenStream stream) => stream.Next().data<long>().ToArray();

    // By row: the first token of each batch of one epoch.
    private static long[][] FirstTokensOfEpoch(TokenStream stream)
    {
        var batches = Enumerable.Range(0, (int)stream.StepsPerEpoch)
            .Select(_ => stream.Next().select(1, 0).data<long>().ToArray())
            .ToArray();
        return [.. Enumerable.Range(0, batches[0].Length).Select(row => batches.Select(batch => batch[row]).ToArray())];
    }
}
