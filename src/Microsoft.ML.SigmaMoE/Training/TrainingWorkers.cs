using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Threads that compute parts of a step side by side, each with one thread of libtorch. A small model's operations are
/// too short to be cut among threads; its batch is not. The threads live as long as the training, because oneDNN keeps
/// the kernels that it generates by thread.
/// </summary>
/// <remarks>A single worker is the calling thread, with all of libtorch's threads.</remarks>
internal sealed class TrainingWorkers : IDisposable
{
    private readonly BlockingCollection<Action>[] _work;
    private readonly Thread[] _threads;

    /// <param name="count">How many parts are computed at once.</param>
    public TrainingWorkers(int count)
    {
        Count = count;
        _work = [.. Enumerable.Range(0, count > 1 ? count : 0).Select(_ => new BlockingCollection<Action>())];
        _threads = [.. _work.Select((queue, worker) => new Thread(() => Work(worker, queue)) { IsBackground = true, Name = $"training {worker}" })];
        if (count > 1)
        {
            var threads = get_num_threads();
            Array.ForEach(_threads, thread => thread.Start());
            Run(_ => 0);
            set_num_threads(threads); // a worker's setting is its own, but also what threads that come later start with
        }
    }

    /// <summary>Gets how many parts are computed at once.</summary>
    public int Count { get; }

    /// <summary>Computes parts 0 … <see cref="Count"/> − 1, each on its own worker, and waits for all.</summary>
    /// <returns>The results in the order of the parts. If several fail, the first one's exception is thrown.</returns>
    public T[] Run<T>(Func<int, T> part)
    {
        if (Count == 1)
        {
            return [part(0)];
        }

        var (results, faults) = (new T[Count], new ExceptionDispatchInfo?[Count]);
        using var done = new CountdownEvent(Count);
        foreach (var (worker, queue) in _work.Index())
        {
            queue.Add(() =>
            {
                try
                {
                    results[worker] = part(worker);
                }
                catch (Exception fault)
                {
                    faults[worker] = ExceptionDispatchInfo.Capture(fault);
                }
                finally
                {
                    done.Signal();
                }
            });
        }

        done.Wait();
        faults.FirstOrDefault(fault => fault is not null)?.Throw();
        return results;
    }

    public void Dispose()
    {
        Array.ForEach(_work, queue => queue.CompleteAdding());
        Array.ForEach(_threads, thread => thread.Join());
        Array.ForEach(_work, queue => queue.Dispose());
    }

    private static void Work(int worker, BlockingCollection<Action> queue)
    {
        Randomness.Stream = worker;
        _ = get_num_threads();  // a thread's first use of libtorch sets its number: what is set before that is lost
        set_num_threads(1);
        foreach (var part in queue.GetConsumingEnumerable())
        {
            part();
        }
    }
}
