using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using TorchSharp;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Runs managed code on the threads that libtorch itself works on: those of the OpenMP runtime that it brings. Two
/// pools of as many threads as there are cores take the cores from each other: each waits a while for more work before
/// it sleeps, and has to be woken when it does.
/// </summary>
internal static unsafe class TorchThreads
{
    private static readonly delegate* unmanaged<delegate* unmanaged<void*, void>, void*, uint, uint, void> Parallel =
        (delegate* unmanaged<delegate* unmanaged<void*, void>, void*, uint, uint, void>)Find();

    /// <summary>Gets whether libtorch's threads can be had here.</summary>
    public static bool AreAvailable => Parallel != null;

    /// <summary>Runs <paramref name="body"/> for 0 … count − 1 on so many threads, the caller's among them.</summary>
    /// <exception cref="Exception">
    /// What <paramref name="body"/> threw first; pieces that had not begun are left out.
    /// </exception>
    public static void Run(int threads, int count, Action<int> body)
    {
        var job = new Job(count, body);
        var handle = GCHandle.Alloc(job);
        try
        {
            Parallel(&Enter, (void*)GCHandle.ToIntPtr(handle), (uint)threads, 0);
        }
        finally
        {
            handle.Free();
        }

        job.Fault?.Throw();
    }

    // No exception may leave it: there are native frames behind.
    [UnmanagedCallersOnly]
    private static void Enter(void* job) => ((Job)GCHandle.FromIntPtr((nint)job).Target!).Work();

    private static nint Find()
    {
        if (!OperatingSystem.IsLinux())
        {
            return 0;
        }

        torch.InitializeDeviceType(DeviceType.CPU); // loads libtorch, and this with it, if nothing has yet
        return NativeFolders.Find(NativeFolders.FileName("torch_cpu")) is { } path
            && Directory.GetFiles(Path.GetDirectoryName(path)!, "libgomp*.so*") is [var file]
            && NativeLibrary.TryLoad(file, out var library)
            && NativeLibrary.TryGetExport(library, "GOMP_parallel", out var address)
            ? address
            : 0;
    }

    private sealed class Job(int count, Action<int> body)
    {
        private int _next = -1;
        private ExceptionDispatchInfo? _fault;

        public ExceptionDispatchInfo? Fault => _fault;

        public void Work()
        {
            try
            {
                for (var piece = Interlocked.Increment(ref _next); piece < count; piece = Interlocked.Increment(ref _next))
                {
                    body(piece);
                }
            }
            catch (Exception fault)
            {
                Interlocked.CompareExchange(ref _fault, ExceptionDispatchInfo.Capture(fault), null);
                Volatile.Write(ref _next, count);
            }
        }
    }
}
