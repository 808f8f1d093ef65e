using System.Collections.Concurrent;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Compiled kernels in a device's memory. They stay as long as the process does.</summary>
internal sealed class CudaModule
{
    private readonly ConcurrentDictionary<string, CudaKernel> _kernels = new();
    private readonly CudaDevice _device;
    private readonly nint _module;

    /// <summary>Loads an image. The device is current.</summary>
    /// <exception cref="CudaException">The driver does not take it; the log says why.</exception>
    public CudaModule(CudaDevice device, string name, ReadOnlySpan<byte> image)
    {
        _device = device;
        device.Check(device.Driver.ModuleLoadData(out _module, image, out var log), "cuModuleLoadDataEx", name, log);
    }

    /// <summary>Finds a kernel by its name in the source. The device is current.</summary>
    public CudaKernel this[string name] => _kernels.GetOrAdd(name, Find);

    private CudaKernel Find(string name)
    {
        _device.Check(_device.Driver.ModuleGetFunction(out var function, _module, name), "cuModuleGetFunction", name);
        return new(_device, name, function);
    }
}
