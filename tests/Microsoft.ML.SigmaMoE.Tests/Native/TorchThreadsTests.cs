using System.Collections.Concurrent;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TorchThreadsTests
{
    public TorchThreadsTests() => Assert.SkipUnless(TorchThreads.AreAvailable, "libtorch brings libgomp on Linux.");

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(2, 1000)]
    [InlineData(3, 7)]
    public void Run_OfPieces_DoesEachOnce(int threads, int count)
    {
        var done = new int[count];
        TorchThreads.Run(threads, count, piece => Interlocked.Increment(ref done[piece]));
        Assert.All(done, times => Assert.Equal(1, times));
    }

    [Fact]
    public void Run_OfPiecesThatWaitForEachOther_DoesThemAtOnce()
    {
        using var meeting = new Barrier(2);
        TorchThreads.Run(
            2, 2,
            _ => Assert.True(meeting.SignalAndWait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken)));
    }

    [Fact]
    public void Run_WithinARun_DoesEveryPiece()
    {
        var done = new ConcurrentBag<(int, int)>();
        TorchThreads.Run(2, 4, outer => TorchThreads.Run(2, 4, inner => done.Add((outer, inner))));
        Assert.Equal(16, done.Distinct().Count());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    public void Run_OfAPieceThatFails_ThrowsWhatItThrewAndGoesOnWorking(int failing)
    {
        void Work(int piece)
        {
            if (piece == failing)
            {
                throw new NotFiniteNumberException("piece");
            }
        }

        Assert.Equal("piece", Assert.Throws<NotFiniteNumberException>(() => TorchThreads.Run(2, 64, Work)).Message);
        Run_OfPieces_DoesEachOnce(2, 64);
    }

    [Fact]
    public void Run_OfManyThreadsAtOnce_DoesEveryPieceWhileMemoryIsCollected()
    {
        var sums = new long[8];
        Thread[] threads = [.. Enumerable.Range(0, sums.Length).Select(own => new Thread(() =>
        {
            for (var turn = 0; turn < 50; turn++)
            {
                TorchThreads.Run(2, 20, piece => Interlocked.Add(ref sums[own], new int[1000].Length + piece));
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        for (var turn = 0; turn < 20; turn++)
        {
            GC.Collect();
        }

        Array.ForEach(threads, thread => thread.Join());
        Assert.All(sums, sum => Assert.Equal(50 * (20 * 1000 + 190), sum));
    }
}
