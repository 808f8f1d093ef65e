using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// AdamW over all parameters on one GPU in one launch: each element is read and written once (kernels/adamw.cu).
/// </summary>
/// <param name="kernels">The device's kernels.</param>
/// <param name="device">The tensors' device.</param>
internal sealed class CudaAdamW(DeviceKernels kernels, Device device)
{
    private const int ChunkLength = 1 << 16;                                 // ADAMW_CHUNK

    /// <summary>Moves the parameters. All tensors are dense float32 on the device.</summary>
    public void Run(IReadOnlyList<AdamWPass> passes)
    {
        var memory = new TorchDeviceMemory(device);
        var tensors = passes.Select(pass => Describe(pass, memory)).ToArray();
        var chunks = tensors.SelectMany((tensor, i) => Chunks(i, tensor.Size)).ToArray();
        kernels.Device.MakeCurrent();
        kernels["adamw", "adamw"].Launch(
            chunks.Length, 256, 0, Upload<TensorEntry>(tensors, memory), Upload<ChunkEntry>(chunks, memory));
    }

    /// <summary>Cuts a tensor into what one block takes.</summary>
    public static IEnumerable<ChunkEntry> Chunks(int tensor, long size)
    {
        for (var first = 0L; first < size; first += ChunkLength)
        {
            yield return new(tensor, first);
        }
    }

    private nint Upload<T>(ReadOnlySpan<T> table, TorchDeviceMemory memory)
        where T : unmanaged =>
        memory.AddressOf(from_array(MemoryMarshal.AsBytes(table).ToArray()).to(device))!.Value;

    private static TensorEntry Describe(AdamWPass pass, TorchDeviceMemory memory) => new(
        TorchDeviceMemory.AddressInPlace(pass.Parameter.Value),
        TorchDeviceMemory.AddressInPlace(pass.Parameter.Mean),
        TorchDeviceMemory.AddressInPlace(pass.Parameter.Square),
        memory.AddressOf(pass.Gradient)!.Value,
        pass.Gradient.numel(),
        pass.Coefficients);

    // AdamWTensor and AdamWChunk of kernels/adamw.cu
    [StructLayout(LayoutKind.Sequential, Size = 80)]
    internal readonly record struct TensorEntry(
        nint Parameter, nint Mean, nint Square, nint Gradient, long Size, AdamWCoefficients Coefficients);

    [StructLayout(LayoutKind.Sequential)]
    internal readonly record struct ChunkEntry(long Tensor, long First);
}
