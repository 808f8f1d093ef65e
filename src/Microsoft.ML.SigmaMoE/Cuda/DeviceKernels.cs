using System.Collections.Concurrent;

namespace Microsoft.ML.SigmaMoE;

/// <summary>The kernels of kernels/ on one device. A part is loaded when a kernel of it is first asked for.</summary>
internal sealed class DeviceKernels(CudaDevice device, KernelImages images)
{
    private static readonly ConcurrentDictionary<int, Lazy<DeviceKernels>> Opened = new();
    private readonly ConcurrentDictionary<string, Lazy<CudaModule>> _modules = new();

    public CudaDevice Device => device;

    /// <summary>Gets a kernel by its part and its name in the source. The device is current.</summary>
    public CudaKernel this[string part, string kernel] =>
        _modules.GetOrAdd(part, name => new(() => Load(name))).Value[kernel];

    /// <summary>Gets the kernels of libtorch's GPU with this number, which libtorch already uses.</summary>
    /// <exception cref="CudaException">The driver refuses what it should do.</exception>
    public static DeviceKernels OfTorch(int index) => Opened.GetOrAdd(index, number => new(() => Open(number))).Value;

    private static DeviceKernels Open(int index)
    {
        // TorchSharp's CUDA package carries a compiler beside libtorch
        var libtorch = NativeFolders.Find(NativeFolders.FileName("torch_cuda"));
        var compiler = Nvrtc.TryLoad(Path.GetDirectoryName(libtorch));
        return new(CudaDevice.Open(new CudaDriver(), index), new(compiler, new(NativeFileCache.DefaultFolders())));
    }

    private CudaModule Load(string part)
    {
        var source = KernelParts.Of(part);
        return new(device, part, images.Get(source, device.Capability));
    }
}
