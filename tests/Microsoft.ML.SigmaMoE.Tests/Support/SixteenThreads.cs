namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Runs something on sixteen threads at once, on any number of cores.</summary>
internal static class SixteenThreads
{
    /// <summary>Calls a function on every thread several times, each time together.</summary>
    /// <param name="function">Gets the thread's number, from 0.</param>
    /// <param name="rounds">How many times each thread calls it.</param>
    /// <returns>What the calls returned, thread by thread.</returns>
    public static T[] Run<T>(Func<int, T> function, int rounds = 3)
    {
        using var together = new Barrier(16);
        var results = new T[together.ParticipantCount * rounds];
        var faults = new Exception?[together.ParticipantCount];
        Thread[] threads = [.. faults.Select((_, number) =>
            new Thread(() => faults[number] = Record.Exception(() => Work(number))))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.All(faults, Assert.Null);
        return results;

        void Work(int number)
        {
            for (var round = 0; round < rounds; round++)
            {
                Assert.True(together.SignalAndWait(TimeSpan.FromMinutes(1)), "The other threads did not come.");
                results[number * rounds + round] = function(number);
            }
        }
    }
}
