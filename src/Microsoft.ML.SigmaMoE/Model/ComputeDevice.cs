using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Chooses where a model lives.</summary>
internal static class ComputeDevice
{
    /// <summary>Chooses a GPU by its number, or the processor.</summary>
    /// <param name="gpuDeviceId">The GPU, or null for the processor.</param>
    /// <param name="fallbackToCpu">Whether the processor is used where that GPU cannot be.</param>
    /// <exception cref="InvalidOperationException">
    /// The GPU is not there, and the processor is not allowed instead.
    /// </exception>
    public static Device Choose(int? gpuDeviceId, bool fallbackToCpu)
    {
        // first: even the name of the processor loads libtorch
        TorchRuntime.EnsureLoadable();
        if (gpuDeviceId is not { } gpu)
        {
            return CPU;
        }

        var count = cuda.is_available() ? cuda.device_count() : 0;
        if (gpu >= 0 && gpu < count)
        {
            return device(DeviceType.CUDA, gpu);
        }

        return fallbackToCpu ? CPU : throw new InvalidOperationException(
            $"GPU {gpu} was asked for, but {(count == 0 ? "libtorch finds none" : $"the GPUs are 0 to {count - 1}")}. "
            + "Set FallbackToCpu to use the processor instead, or GpuDeviceId to null"
            + (count == 0 ? "; a GPU needs the package TorchSharp-cuda-linux and a driver." : "."));
    }
}
