using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>A layer's weights as kernels read them. Owns their memory.</summary>
/// <param name="Up">The address of up, [experts, G, stride].</param>
/// <param name="Down">The address of down, likewise.</param>
/// <param name="Memory">What they stand in; empty where they are the float32 weights themselves.</param>
internal sealed record ArrangedWeights(nint Up, nint Down, IReadOnlyList<Tensor> Memory) : IDisposable
{
    /// <summary>Arranges weights in memory of no scope. The device is current.</summary>
    /// <param name="kernels">The device's kernels.</param>
    /// <param name="sizes">The layer.</param>
    /// <param name="inputs">The float32 weights, which must stay where they are.</param>
    /// <param name="device">Where they are.</param>
    public static ArrangedWeights Keep(
        DeviceKernels kernels, ExpertSizes sizes, in ExpertAddresses inputs, Device device)
    {
        var memory = new TorchDeviceMemory(device);
        var weights = Of(kernels, sizes, inputs, memory);
        return weights with { Memory = memory.Detach() };
    }

    /// <summary>Arranges weights in memory that is another's.</summary>
    /// <param name="kernels">The device's kernels.</param>
    /// <param name="sizes">The layer.</param>
    /// <param name="inputs">The float32 weights.</param>
    /// <param name="memory">Where memory comes from.</param>
    public static ArrangedWeights Of(
        DeviceKernels kernels, ExpertSizes sizes, in ExpertAddresses inputs, IDeviceMemory memory)
    {
        var rows = (long)sizes.Experts * sizes.ExpertSize;
        return new(
            ArrangedRows.Of(kernels, sizes, inputs.Up, rows, memory),
            ArrangedRows.Of(kernels, sizes, inputs.Down, rows, memory), []);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in Memory)
        {
            tensor.Dispose();
        }
    }
}
