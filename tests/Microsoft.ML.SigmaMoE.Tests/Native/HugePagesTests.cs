namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class HugePagesTests
{
    private const string Setting = "/sys/kernel/mm/transparent_hugepage/enabled";

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
        Use(block);
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
        try
        {
            for (var round = 0; round < 20; round++)
            {
                using var block = new Scratch<byte>(3 << 20);
                Use(block);
                Assert.Equal(-1, Bytes(block, 3 << 20).IndexOfAnyExcept((byte)0));
            }
        }
        finally
        {
            Volatile.Write(ref isOver, true);
        }

        await Task.WhenAll(writers);
    }

    // Where memory is in small pieces the system may refuse once.
    [Fact]
    public void Use_OnLinux_MovesPages()
    {
        Assert.SkipUnless(CanMove, "This system moves no pages.");
        using var block = new Scratch<byte>(9 << 20);
        Assert.Contains(true, Enumerable.Range(0, 10).Select(_ => Use(block)));
    }

    [Fact]
    public void Use_OfLittleMemory_LeavesIt()
    {
        using var block = new Scratch<byte>(1000);
        Assert.False(Use(block));
    }

    [Fact]
    public void Use_OfMemoryThatIsNotThere_IsRefusedSilently() => Assert.False(HugePages.Use(1 << 21, 64 << 20));

    private static bool CanMove => OperatingSystem.IsLinux() && Environment.OSVersion.Version >= new Version(6, 1)
        && ProcessSettings.AreAllowed && File.Exists(Setting)
            && !File.ReadAllText(Setting).Contains("[never]", StringComparison.Ordinal);

    private static bool Use(Scratch<byte> block) => HugePages.Use(block.Memory.Start, block.Memory.Bytes);

    private static unsafe Span<byte> Bytes(Scratch<byte> block, int length) => new(block.Pointer, length);
}
