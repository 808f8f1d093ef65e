using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Brings tokens to the device that reads them.</summary>
internal static class TokenUpload
{
    /// <summary>
    /// Copies tokens. To a GPU from page-locked memory: the copy is queued behind the kernels before it, and this
    /// thread prepares the launches of the next ones meanwhile. libtorch keeps that memory until it is read.
    /// </summary>
    /// <param name="tokens">Of any shape, on the processor.</param>
    /// <param name="device">Where they go.</param>
    /// <returns>The tokens there; themselves where they are there already.</returns>
    public static Tensor To(Tensor tokens, Device device)
    {
        if (device.type != DeviceType.CUDA)
        {
            return tokens.to(device);
        }

        using var locked = tokens.pin_memory();
        return locked.to(device, copy: false, disposeAfter: false, non_blocking: true);
    }
}
