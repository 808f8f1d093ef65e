using Microsoft.ML.Runtime;
using TorchSharp;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Chooses a model's device as ML.NET's own components do: the context's, unless options name one.</summary>
internal static class ContextDevice
{
    /// <inheritdoc cref="ComputeDevice.Choose"/>
    public static torch.Device Choose(IHostEnvironment environment, int? gpuDeviceId = null, bool fallbackToCpu = false)
    {
        var context = environment as IHostEnvironmentInternal;
        return gpuDeviceId is null && context?.GpuDeviceId is { } usual
            ? ComputeDevice.Choose(usual, context.FallbackToCpu)
            : ComputeDevice.Choose(gpuDeviceId, fallbackToCpu);
    }
}
