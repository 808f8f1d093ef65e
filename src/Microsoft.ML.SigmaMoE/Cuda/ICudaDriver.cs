namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The calls of NVIDIA's driver that are used here, under its own names less "cu". Each returns the driver's code, 0
/// for success; nobody but <see cref="CudaDevice"/> and what it makes calls them.
/// </summary>
internal interface ICudaDriver
{
    int Init();

    int DriverGetVersion(out int version);

    int DeviceGetCount(out int count);

    int DeviceGet(out int device, int ordinal);

    int DeviceGetName(out string name, int device);

    int DeviceGetAttribute(out int value, CudaAttribute attribute, int device);

    int DevicePrimaryCtxRetain(out nint context, int device);

    int DevicePrimaryCtxRelease(int device);

    int CtxSetCurrent(nint context);

    int CtxSynchronize();

    /// <summary>Loads PTX (compiled by the driver) or a cubin.</summary>
    int ModuleLoadData(out nint module, ReadOnlySpan<byte> image, out string log);

    int ModuleGetFunction(out nint function, nint module, string name);

    int FuncSetMaxDynamicSharedMemory(nint function, int bytes);

    /// <summary>Launches on the legacy default stream: the one that libtorch works on.</summary>
    /// <param name="function">What to launch.</param>
    /// <param name="blocks">Blocks of the grid, in one dimension.</param>
    /// <param name="threads">Threads of a block.</param>
    /// <param name="sharedBytes">Dynamic shared memory of a block.</param>
    /// <param name="arguments">The address of each argument.</param>
    int LaunchKernel(nint function, uint blocks, uint threads, uint sharedBytes, ReadOnlySpan<nint> arguments);

    int MemAlloc(out nint address, long bytes);

    int MemFree(nint address);

    int MemcpyHtoD(nint target, ReadOnlySpan<byte> source);

    int MemcpyDtoH(Span<byte> target, nint source);

    int MemsetD8(nint address, byte value, long bytes);

    int EventCreate(out nint happening);

    int EventRecord(nint happening);

    int EventSynchronize(nint happening);

    int EventElapsedTime(out float milliseconds, nint start, nint end);

    int EventDestroy(nint happening);

    int GetErrorName(int code, out string name);

    int GetErrorString(int code, out string text);
}

/// <summary>What is asked of a device; the numbers are CUDA's.</summary>
internal enum CudaAttribute
{
    Multiprocessors = 16,
    CacheBytes = 38,
    ComputeCapabilityMajor = 75,
    ComputeCapabilityMinor = 76,
    SharedBytesOfABlock = 97,
}
