namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The forward pass for a few tokens, as in generation: it reads the chosen experts' float32 weights and nothing else,
/// where the sorted path would round all weights first.
/// </summary>
internal static class CudaDecoding
{
    /// <summary>
    /// Gets whether so few experts are read that it is faster: each slot reads its expert anew. Not measured yet.
    /// </summary>
    public static bool Pays(ExpertSizes sizes) => sizes.Slots <= Math.Min(64, 2L * sizes.Experts);

    /// <summary>Launches. The device is current.</summary>
    /// <param name="kernels">The device's kernels.</param>
    /// <param name="sizes">The layer.</param>
    /// <param name="inputs">What to compute with.</param>
    /// <param name="choices">The address of [N, K], int64.</param>
    /// <param name="activation">φ.</param>
    /// <param name="hidden">The address of [N · K, G] float32 by slot, which is set.</param>
    /// <param name="output">The address of [N, D] float32, which is set.</param>
    public static void Launch(
        DeviceKernels kernels, ExpertSizes sizes, in ExpertAddresses inputs, nint choices, Activation activation,
        nint hidden,
        nint output)
    {
        kernels["decode", "decode_up"].Launch(
            ((sizes.Slots * sizes.ExpertSize) + 7) / 8, 256, 0,
            inputs.Tokens, choices, inputs.Up, inputs.UpBias, hidden, sizes.Slots, sizes.Active, sizes.ExpertSize,
            sizes.ModelSize,
            (int)activation);
        kernels["decode", "decode_down"].Launch(
            sizes.Tokens * ((sizes.ModelSize + 31L) / 32), 256, 256 * sizeof(float),
            hidden, choices, inputs.Gates, inputs.Down, output, sizes.Active, sizes.ExpertSize, sizes.ModelSize);
    }
}
