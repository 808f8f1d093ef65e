using System.Runtime.InteropServices;

namespace Microsoft.ML.SigmaMoE.Gpu;

/// <summary>
/// Memory from the driver, freed together. Fresh memory is full of not-a-number: what is not written shows.
/// </summary>
internal sealed class DeviceMemory(CudaDevice device) : IDeviceMemory, IDisposable
{
    private readonly List<nint> _addresses = [];

    /// <summary>Gets how many bytes were handed out.</summary>
    public long Bytes { get; private set; }

    public nint Allocate(long bytes)
    {
        device.Check(device.Driver.MemAlloc(out var address, Math.Max(bytes, 16)), "cuMemAlloc");
        _addresses.Add(address);
        Bytes += bytes;
        device.Check(device.Driver.MemsetD8(address, 0xff, Math.Max(bytes, 16)), "cuMemsetD8");
        return address;
    }

    /// <summary>Copies an array to the device.</summary>
    public nint Upload<T>(T[] values)
        where T : unmanaged
    {
        var address = Allocate((long)values.Length * Marshal.SizeOf<T>());
        device.Check(device.Driver.MemcpyHtoD(address, MemoryMarshal.AsBytes<T>(values)), "cuMemcpyHtoD");
        return address;
    }

    /// <summary>Copies from the device; waits for what was launched before.</summary>
    public T[] Download<T>(nint address, long count)
        where T : unmanaged
    {
        var values = new T[count];
        device.Check(device.Driver.MemcpyDtoH(MemoryMarshal.AsBytes(values.AsSpan()), address), "cuMemcpyDtoH");
        return values;
    }

    public void Dispose()
    {
        foreach (var address in _addresses)
        {
            device.Check(device.Driver.MemFree(address), "cuMemFree");
        }

        _addresses.Clear();
    }
}
