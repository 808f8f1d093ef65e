namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>A driver that does nothing but remember what it was asked, and fails where a test wants it to.</summary>
internal sealed unsafe class FakeDriver : ICudaDriver
{
    private readonly List<string> _functions = [];

    /// <summary>Gets or sets the call that fails, by the interface's name.</summary>
    public string? Failing { get; set; }

    /// <summary>Gets or sets the compute capability.</summary>
    public int Capability { get; set; } = 80;

    /// <summary>Gets all calls in order: name and arguments.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>Gets all launches in order.</summary>
    public List<(string Kernel, uint Blocks, uint Threads, uint SharedBytes, long[] Arguments)> Launches { get; } = [];

    public int Init() => Note(nameof(Init));

    public int DriverGetVersion(out int version) => Give(out version, 12000, Note(nameof(DriverGetVersion)));

    public int DeviceGetCount(out int count) => Give(out count, 1, Note(nameof(DeviceGetCount)));

    public int DeviceGet(out int device, int ordinal) =>
        Give(out device, 40 + ordinal, Note(nameof(DeviceGet), ordinal));

    public int DeviceGetName(out string name, int device) =>
        Give(out name, "Fake 1", Note(nameof(DeviceGetName), device));

    public int DeviceGetAttribute(out int value, CudaAttribute attribute, int device) => Give(
        out value,
        attribute switch
        {
            CudaAttribute.ComputeCapabilityMajor => Capability / 10,
            CudaAttribute.ComputeCapabilityMinor => Capability % 10,
            CudaAttribute.Multiprocessors => 108,
            CudaAttribute.CacheBytes => 40 << 20,
            _ => 99 * 1024,
        },
        Note(nameof(DeviceGetAttribute), attribute, device));

    public int DevicePrimaryCtxRetain(out nint context, int device) =>
        Give(out context, 7, Note(nameof(DevicePrimaryCtxRetain), device));

    public int DevicePrimaryCtxRelease(int device) => Note(nameof(DevicePrimaryCtxRelease), device);

    public int CtxSetCurrent(nint context) => Note(nameof(CtxSetCurrent), context);

    public int CtxSynchronize() => Note(nameof(CtxSynchronize));

    public int ModuleLoadData(out nint module, ReadOnlySpan<byte> image, out string log)
    {
        log = Failing == nameof(ModuleLoadData) ? "ptxas says no" : "";
        return Give(out module, 5, Note(nameof(ModuleLoadData), image.Length));
    }

    public int ModuleGetFunction(out nint function, nint module, string name)
    {
        _functions.Add(name);
        return Give(out function, _functions.Count, Note(nameof(ModuleGetFunction), name));
    }

    public int FuncSetMaxDynamicSharedMemory(nint function, int bytes) =>
        Note(nameof(FuncSetMaxDynamicSharedMemory), _functions[(int)function - 1], bytes);

    public int LaunchKernel(nint function, uint blocks, uint threads, uint sharedBytes, ReadOnlySpan<nint> arguments)
    {
        var values = arguments.ToArray().Select(address => ((KernelArgument*)address)->Bits).ToArray();
        Launches.Add((_functions[(int)function - 1], blocks, threads, sharedBytes, values));
        return Note(nameof(LaunchKernel), _functions[(int)function - 1]);
    }

    public int MemAlloc(out nint address, long bytes) => Give(out address, 4096, Note(nameof(MemAlloc), bytes));

    public int MemFree(nint address) => Note(nameof(MemFree), address);

    public int MemcpyHtoD(nint target, ReadOnlySpan<byte> source) => Note(nameof(MemcpyHtoD), target, source.Length);

    public int MemcpyDtoH(Span<byte> target, nint source) => Note(nameof(MemcpyDtoH), target.Length, source);

    public int MemsetD8(nint address, byte value, long bytes) => Note(nameof(MemsetD8), address, value, bytes);

    public int EventCreate(out nint happening) => Give(out happening, 3, Note(nameof(EventCreate)));

    public int EventRecord(nint happening) => Note(nameof(EventRecord), happening);

    public int EventSynchronize(nint happening) => Note(nameof(EventSynchronize), happening);

    public int EventElapsedTime(out float milliseconds, nint start, nint end) =>
        Give(out milliseconds, 1, Note(nameof(EventElapsedTime), start, end));

    public int EventDestroy(nint happening) => Note(nameof(EventDestroy), happening);

    public int GetErrorName(int code, out string name) => Give(out name, $"CUDA_ERROR_{code}", 0);

    public int GetErrorString(int code, out string text) => Give(out text, "it was told to fail", 0);

    private int Note(string call, params object[] arguments)
    {
        Calls.Add(string.Join(' ', [call, .. arguments.Select(a => a.ToString())]));
        return call == Failing ? 999 : 0;
    }

    private static int Give<T>(out T target, T value, int code)
    {
        target = value;
        return code;
    }
}
