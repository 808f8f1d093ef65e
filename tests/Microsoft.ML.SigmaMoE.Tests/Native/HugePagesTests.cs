namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class HugePagesTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1 << 18)]
    [InlineData((9 << 20) + 12345)]
    public void Use_OfMemory_KeepsWhatItHolds(int bytes)
    {
        using var block = new Scratch<byte>(bytes, isZeroed: false);
        var expected = new byte[bytes];
        new Random(1).NextBytes(expected);
        expected.CopyTo(Bytes(block, bytes));
        block.Settle();
        Assert.True(expected.AsSpan().SequenceEqual(Bytes(block, bytes)));
        Bytes(block, bytes).Fill(1);
        Assert.Equal(-1, Bytes(block, bytes).IndexOfAnyExcept((byte)1));
    }

    // Others allocate, write and free beside it, in the same pages.
    [Fact]
    public async Task Use_WhileThreadsWriteToTheirOwnMemory_DisturbsNone()
    {
        var isOver = false;
        var writers = Enumerable.Range(0, 2).Select(seed => Task.Run(() =>
        {
            var random = new Random(seed);
            for (var round = 0L; !Volatile.Read(ref isOver) || round < 10; round++)
            {
                var length = random.Next(1, 3_000_000);
                using var own = new Scratch<byte>(length, isZeroed: false);
                Bytes(own, length).Fill((byte)round);
                Thread.Yield();
                Assert.Equal(-1, Bytes(own, length).IndexOfAnyExcept((byte)round));
            }
        })).ToArray();
        for (var round = 0; round < 20; round++)
        {
            using var block = new Scratch<byte>(3 << 20);
            block.Settle();
            Assert.Equal(-1, Bytes(block, 3 << 20).IndexOfAnyExcept((byte)0));
        }

        Volatile.Write(ref isOver, true);
        await Task.WhenAll(writers);
    }

    [Fact]
    public unsafe void Use_OfMemoryThatIsNotThere_IsRefusedSilently() => HugePages.Use((void*)(1 << 21), 64 << 20);

    private static unsafe Span<byte> Bytes(Scratch<byte> block, int length) => new(block.Pointer, length);
}
