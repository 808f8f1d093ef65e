using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TrainingWorkersTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Run_AnyCount_GivesEveryPartsResultInOrder(int count)
    {
        using var workers = new TrainingWorkers(count);
        Assert.Equal(Enumerable.Range(0, count).Select(part => part * part), workers.Run(part => part * part));
        Assert.Equal(Enumerable.Range(1, count), workers.Run(part => part + 1));
    }

    [Fact]
    public void Run_SeveralWorkers_ComputeAtTheSameTimeOnThreadsThatStay()
    {
        using var workers = new TrainingWorkers(3);
        using var together = new Barrier(3);
        int[] Threads() => workers.Run(
            _ => together.SignalAndWait(TimeSpan.FromSeconds(30)) ? Environment.CurrentManagedThreadId : -1);
        var first = Threads();
        Assert.Equal(3, first.Distinct().Count());
        Assert.DoesNotContain(-1, first);
        Assert.DoesNotContain(Environment.CurrentManagedThreadId, first);
        Assert.Equal(first, Threads());
    }

    [Fact]
    public void Run_SeveralWorkers_HaveOneThreadOfLibtorchAndAStreamEach()
    {
        var threads = get_num_threads();
        using var workers = new TrainingWorkers(2);
        Assert.Equal([(1, 0), (1, 1)], workers.Run(_ => (get_num_threads(), Randomness.Stream)));
        Assert.Equal((threads, 0), (get_num_threads(), Randomness.Stream));
        var later = 0;
        var thread = new Thread(() => later = get_num_threads());
        thread.Start();
        thread.Join();
        Assert.Equal(threads, later);
    }

    [Fact]
    public void Run_PartsThatFail_ThrowsTheFirstPartsExceptionAfterAllAreDone()
    {
        using var workers = new TrainingWorkers(3);
        var finished = 0;
        var fault = Assert.Throws<InvalidOperationException>(() => workers.Run(part => part > 0
            ? throw new InvalidOperationException($"part {part}")
            : Interlocked.Increment(ref finished)));
        Assert.Equal(("part 1", 1), (fault.Message, finished));
        Assert.Equal([0, 1, 2], workers.Run(part => part));
    }
}
