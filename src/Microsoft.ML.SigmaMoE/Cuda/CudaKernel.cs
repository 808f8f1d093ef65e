using System.Runtime.CompilerServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A kernel of a loaded module. It is launched on the legacy default stream, in the order of the calls.
/// </summary>
internal sealed class CudaKernel(CudaDevice device, string name, nint function)
{
    // without asking, a block gets no more
    private const int SharedBytesUnasked = 48 * 1024;
    private readonly Lock _gate = new();
    private int _allowed = SharedBytesUnasked;

    /// <summary>Gets its name in the source.</summary>
    public string Name => name;

    /// <summary>
    /// Launches it. The caller has made the device current and keeps alive what the arguments point at.
    /// </summary>
    /// <param name="blocks">Blocks; with none, nothing is launched.</param>
    /// <param name="threads">Threads of a block.</param>
    /// <param name="sharedBytes">Dynamic shared memory of a block.</param>
    /// <param name="arguments">As the source declares them, in its order.</param>
    public unsafe void Launch(long blocks, int threads, int sharedBytes, params ReadOnlySpan<KernelArgument> arguments)
    {
        if (blocks == 0)
        {
            return;
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(blocks, int.MaxValue);
        Allow(sharedBytes);
        var addresses = stackalloc nint[arguments.Length];
        fixed (KernelArgument* first = arguments)
        {
            for (var i = 0; i < arguments.Length; i++)
            {
                addresses[i] = (nint)(first + i);
            }

            var code = device.Driver.LaunchKernel(
                function, (uint)blocks, (uint)threads, (uint)sharedBytes, new(addresses, arguments.Length));
            device.Check(code, "cuLaunchKernel", name);
            device.CountLaunch();
        }
    }

    private void Allow(int sharedBytes)
    {
        lock (_gate)
        {
            if (sharedBytes > _allowed)
            {
                device.Check(
                    device.Driver.FuncSetMaxDynamicSharedMemory(function, sharedBytes), "cuFuncSetAttribute", name);
                _allowed = sharedBytes;
            }
        }
    }
}

/// <summary>
/// One argument of a kernel: an address, an integer or a float32 in eight bytes of which it takes what it needs.
/// </summary>
internal readonly struct KernelArgument
{
    private readonly long _bits;

    private KernelArgument(long bits, int size) => (_bits, Size) = (bits, size);

    /// <summary>Gets how many bytes the kernel reads.</summary>
    public int Size { get; }

    /// <summary>Gets the value, as an integer.</summary>
    public long Bits => _bits;

    public static implicit operator KernelArgument(nint address) => new(address, 8);

    public static implicit operator KernelArgument(long value) => new(value, 8);

    public static implicit operator KernelArgument(int value) => new(value, 4);

    public static implicit operator KernelArgument(float value) => new(Unsafe.BitCast<float, int>(value), 4);
}
