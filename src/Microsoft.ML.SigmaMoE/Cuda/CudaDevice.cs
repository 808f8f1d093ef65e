namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// One GPU and its primary context, which libtorch uses too: memory of one is memory of the other. The current context
/// belongs to a thread, and gradients are computed on other threads: <see cref="MakeCurrent"/> comes before each
/// sequence of calls.
/// </summary>
internal sealed class CudaDevice : IDisposable
{
    private readonly int _device;
    private readonly nint _context;
    private long _launches;
    private bool _isDisposed;

    private CudaDevice(ICudaDriver driver, int ordinal)
    {
        Driver = driver;
        Check(driver.DeviceGet(out _device, ordinal), "cuDeviceGet");
        Check(driver.DeviceGetName(out var name, _device), "cuDeviceGetName");
        Name = name;
        Capability = 10 * Attribute(CudaAttribute.ComputeCapabilityMajor)
            + Attribute(CudaAttribute.ComputeCapabilityMinor);
        Multiprocessors = Attribute(CudaAttribute.Multiprocessors);
        SharedBytes = Attribute(CudaAttribute.SharedBytesOfABlock);
        CacheBytes = Attribute(CudaAttribute.CacheBytes);
        Check(driver.DevicePrimaryCtxRetain(out _context, _device), "cuDevicePrimaryCtxRetain");
    }

    public ICudaDriver Driver { get; }

    /// <summary>Gets the name that NVIDIA gave it.</summary>
    public string Name { get; }

    /// <summary>Gets the compute capability, ten times the major number and the minor: 80 for 8.0.</summary>
    public int Capability { get; }

    /// <summary>Gets whether it multiplies bfloat16 itself; libtorch emulates that on older ones.</summary>
    public bool HasBFloat16 => Capability >= 80;

    /// <summary>Gets the number of multiprocessors.</summary>
    public int Multiprocessors { get; }

    /// <summary>Gets the size of the second-level cache, which all multiprocessors share.</summary>
    public int CacheBytes { get; }

    /// <summary>Gets the most shared memory that a block can have, where it asks for it.</summary>
    public int SharedBytes { get; }

    /// <summary>Gets how many kernels were launched: what a benchmark reports for each layer.</summary>
    public long Launches => Interlocked.Read(ref _launches);

    /// <summary>Opens a GPU by libtorch's number for it.</summary>
    /// <exception cref="CudaException">The driver does not work, or there is no such GPU.</exception>
    public static CudaDevice Open(ICudaDriver driver, int ordinal)
    {
        Check(driver, driver.Init(), "cuInit");
        return new(driver, ordinal);
    }

    /// <summary>Makes this GPU the one that the calling thread's calls go to.</summary>
    public void MakeCurrent() => Check(Driver.CtxSetCurrent(_context), "cuCtxSetCurrent");

    /// <summary>Counts a launch.</summary>
    public void CountLaunch() => Interlocked.Increment(ref _launches);

    /// <summary>Waits until everything that was launched has ended; its faults show here.</summary>
    public void Synchronize() => Check(Driver.CtxSynchronize(), "cuCtxSynchronize");

    /// <summary>Throws what a code that is not 0 means.</summary>
    public void Check(int code, string call, string? kernel = null, string? log = null) =>
        Check(Driver, code, call, kernel, log);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            Check(Driver.DevicePrimaryCtxRelease(_device), "cuDevicePrimaryCtxRelease");
        }
    }

    private static void Check(ICudaDriver driver, int code, string call, string? kernel = null, string? log = null)
    {
        if (code != 0)
        {
            driver.GetErrorName(code, out var name);
            driver.GetErrorString(code, out var text);
            throw new CudaException(call, code, name, text, kernel, log);
        }
    }

    private int Attribute(CudaAttribute attribute)
    {
        Check(Driver.DeviceGetAttribute(out var value, attribute, _device), "cuDeviceGetAttribute");
        return value;
    }
}
