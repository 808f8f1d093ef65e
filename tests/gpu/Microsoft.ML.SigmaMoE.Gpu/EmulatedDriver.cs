using System.Runtime.InteropServices;

namespace Microsoft.ML.SigmaMoE.Gpu;

/// <summary>
/// A driver without a GPU: its memory is the processor's, and the kernels are those that
/// tests/Microsoft.ML.SigmaMoE.Kernels/build-library compiled. Each argument's size is compared with the kernel's own,
/// and a thread that made no context current is refused, as by the driver.
/// </summary>
internal sealed unsafe class EmulatedDriver : ICudaDriver
{
    // threads of one block are switched by hand: two launches at once would mix them up
    private static readonly Lock OneLaunch = new();
    [ThreadStatic]
    private static EmulatedDriver? _current;
    private readonly delegate* unmanaged<byte*, int*, int, int> _describe;
    private readonly delegate* unmanaged<byte*, int, int, int, nint*, int> _launch;
    private readonly List<string> _functions = [];

    /// <summary>Loads the library.</summary>
    public EmulatedDriver(string library)
    {
        var handle = NativeLibrary.Load(library);
        _describe = (delegate* unmanaged<byte*, int*, int, int>)NativeLibrary.GetExport(handle, "describe_kernel");
        _launch = (delegate* unmanaged<byte*, int, int, int, nint*, int>)NativeLibrary.GetExport(
            handle, "launch_kernel");
    }

    /// <summary>Gets the names of all kernels that were launched, in order.</summary>
    public List<string> Launches { get; } = [];

    /// <summary>Gets or sets a kernel that is not run, to see that it is missed.</summary>
    public string? Skipped { get; set; }

    /// <summary>Gets or sets the compute capability that the device says it has.</summary>
    public int Capability { get; set; } = 80;

    public int Init() => 0;

    public int DriverGetVersion(out int version) => Give(out version, 12000);

    public int DeviceGetCount(out int count) => Give(out count, 1);

    public int DeviceGet(out int device, int ordinal) => Give(out device, ordinal);

    public int DeviceGetName(out string name, int device) => Give(out name, "emulator on the processor");

    public int DeviceGetAttribute(out int value, CudaAttribute attribute, int device) =>
        Give(out value, attribute switch
        {
            CudaAttribute.ComputeCapabilityMajor => Capability / 10,
            CudaAttribute.ComputeCapabilityMinor => Capability % 10,
            CudaAttribute.Multiprocessors => 4,
            CudaAttribute.CacheBytes => 1 << 16, // tiny: several chunks for a few hundred tokens
            _ => Capability < 80 ? 64 * 1024 : 160 * 1024,
        });

    public int DevicePrimaryCtxRetain(out nint context, int device) => Give(out context, 1);

    public int DevicePrimaryCtxRelease(int device) => 0;

    public int CtxSetCurrent(nint context)
    {
        _current = context == 0 ? null : this;
        return 0;
    }

    public int CtxSynchronize() => InContext(0);

    public int ModuleLoadData(out nint module, ReadOnlySpan<byte> image, out string log)
    {
        log = "";
        return InContext(Give(out module, 1));
    }

    public int ModuleGetFunction(out nint function, nint module, string name)
    {
        function = 0;
        if (Sizes(name) is null)
        {
            return 500;                                                     // CUDA_ERROR_NOT_FOUND
        }

        lock (_functions)
        {
            _functions.Add(name);
            return Give(out function, _functions.Count);
        }
    }

    public int FuncSetMaxDynamicSharedMemory(nint function, int bytes) => 0;

    public int LaunchKernel(nint function, uint blocks, uint threads, uint sharedBytes, ReadOnlySpan<nint> arguments)
    {
        if (_current != this)
        {
            return InContext(0);
        }

        var name = _functions[(int)function - 1];
        var wanted = Sizes(name)!;
        var given = arguments.ToArray().Select(address => ((KernelArgument*)address)->Size).ToArray();
        if (!wanted.SequenceEqual(given))
        {
            throw new ArgumentException(
                $"{name} takes arguments of {string.Join(", ", wanted)} bytes but was given {string.Join(", ", given)}.");
        }

        lock (OneLaunch)
        {
            Launches.Add(name);
            fixed (nint* addresses = arguments)
            fixed (byte* text = System.Text.Encoding.UTF8.GetBytes(name + "\0"))
            {
                return name == Skipped ? 0 : _launch(text, (int)blocks, (int)threads, (int)sharedBytes, addresses);
            }
        }
    }

    public int MemAlloc(out nint address, long bytes)
    {
        address = (nint)NativeMemory.AlignedAlloc((nuint)bytes, 256);
        return InContext(MemsetD8(address, 0xff, bytes));
    }

    public int MemFree(nint address)
    {
        NativeMemory.AlignedFree((void*)address);
        return 0;
    }

    public int MemcpyHtoD(nint target, ReadOnlySpan<byte> source)
    {
        source.CopyTo(new((void*)target, source.Length));
        return 0;
    }

    public int MemcpyDtoH(Span<byte> target, nint source)
    {
        new ReadOnlySpan<byte>((void*)source, target.Length).CopyTo(target);
        return 0;
    }

    public int MemsetD8(nint address, byte value, long bytes)
    {
        NativeMemory.Fill((void*)address, (nuint)bytes, value);
        return 0;
    }

    public int EventCreate(out nint happening) => InContext(Give(out happening, Marshal.AllocHGlobal(sizeof(long))));

    public int EventRecord(nint happening)
    {
        *(long*)happening = System.Diagnostics.Stopwatch.GetTimestamp();
        return 0;
    }

    public int EventSynchronize(nint happening) => 0;

    public int EventElapsedTime(out float milliseconds, nint start, nint end) => Give(
        out milliseconds,
        (float)System.Diagnostics.Stopwatch.GetElapsedTime(*(long*)start, *(long*)end).TotalMilliseconds);

    public int EventDestroy(nint happening)
    {
        Marshal.FreeHGlobal(happening);
        return 0;
    }

    public int GetErrorName(int code, out string name) => Give(out name, $"EMULATOR_{code}");

    public int GetErrorString(int code, out string text) => Give(out text, "the emulator has no such thing");

    // CUDA_ERROR_INVALID_CONTEXT
    private int InContext(int code) => _current == this ? code : 201;

    private static int Give<T>(out T target, T value)
    {
        target = value;
        return 0;
    }

    private int[]? Sizes(string name)
    {
        var sizes = stackalloc int[32];
        fixed (byte* text = System.Text.Encoding.UTF8.GetBytes(name + "\0"))
        {
            var count = _describe(text, sizes, 32);
            return count < 0 ? null : new Span<int>(sizes, count).ToArray();
        }
    }
}
