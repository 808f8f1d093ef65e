using System.Runtime.ExceptionServices;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Runs pieces of work on libtorch's number of threads. Which thread runs which piece does not matter to results.
/// </summary>
internal static class CpuWork
{
    // 65,536 weights take a thread 20 to 35 µs to read, and calling a second one takes 5.
    private const long WeightsWorthAThread = 1 << 16;

    /// <summary>Gets how many threads work.</summary>
    public static int Threads => get_num_threads();

    /// <summary>Gets how many threads are worth calling to read some float32 weights once.</summary>
    public static int Readers(long weights) => (int)Math.Clamp(weights / WeightsWorthAThread, 1, Threads);

    /// <summary>Runs <paramref name="body"/> for 0 … count − 1, on libtorch's threads where they can be had.</summary>
    /// <exception cref="Exception">What <paramref name="body"/> threw first.</exception>
    public static void Run(int threads, int count, Action<int> body)
    {
        if (threads == 1 || count == 1)
        {
            for (var piece = 0; piece < count; piece++)
            {
                body(piece);
            }
        }
        else if (TorchThreads.AreAvailable)
        {
            TorchThreads.Run(threads, count, body);
        }
        else
        {
            RunOnPool(threads, count, body);
        }
    }

    /// <summary>
    /// Runs <paramref name="body"/> for 0 … count − 1, whatever thread is free taking the next, with a worker a thread
    /// that holds what it needs.
    /// </summary>
    public static void Run<TWorker>(int threads, int count, Func<TWorker> hire, Action<TWorker, int> body)
        where TWorker : IDisposable
    {
        var next = -1;
        var workers = Math.Min(threads, count);
        Run(workers, workers, _ =>
        {
            using var worker = hire();
            for (var piece = Interlocked.Increment(ref next); piece < count; piece = Interlocked.Increment(ref next))
            {
                body(worker, piece);
            }
        });
    }

    /// <summary>Cuts rows into four stretches a thread: enough to even out, few enough to keep sums of.</summary>
    public static IReadOnlyList<(long First, long End)> Pieces(long rows)
    {
        var count = (int)Math.Clamp(rows / 16, 1, Threads * 4);
        return [.. Enumerable.Range(0, count).Select(piece => (rows * piece / count, rows * (piece + 1) / count))];
    }

    /// <summary>Runs <paramref name="body"/> over stretches of rows.</summary>
    public static void Each(long rows, Action<long, long> body) =>
        Each(Pieces(rows), (_, first, end) => body(first, end));

    /// <summary>Runs <paramref name="body"/> over the given stretches.</summary>
    public static void Each(IReadOnlyList<(long First, long End)> pieces, Action<int, long, long> body) =>
        Run(Threads, pieces.Count, piece => body(piece, pieces[piece].First, pieces[piece].End));

    private static void RunOnPool(int threads, int count, Action<int> body)
    {
        try
        {
            Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = threads }, body);
        }
        catch (AggregateException faults)
        {
            ExceptionDispatchInfo.Throw(faults.InnerExceptions[0]);
        }
    }
}
