namespace Microsoft.ML.SigmaMoE;

/// <summary>The addresses of choices that are counted: those of <see cref="CountedChoices"/>.</summary>
/// <param name="Chosen">[N, K], int32.</param>
/// <param name="Counts">[blocks, E], int32.</param>
internal readonly record struct CountedAddresses(nint Chosen, nint Counts)
{
    /// <summary>Counts choices that no kernel made. The device is current.</summary>
    /// <param name="kernels">The device's kernels.</param>
    /// <param name="sizes">The layer.</param>
    /// <param name="choices">The address of [N, K], int64.</param>
    /// <param name="memory">Where memory comes from.</param>
    public static CountedAddresses Count(DeviceKernels kernels, ExpertSizes sizes, nint choices, IDeviceMemory memory)
    {
        var counted = new CountedAddresses(
            memory.Allocate(sizes.Slots * sizeof(int)),
            memory.Allocate((long)sizes.CountingBlocks * sizes.Experts * sizeof(int)));
        kernels["routing", "count_choices"].Launch(
            sizes.CountingBlocks, CountedChoices.Threads, CountedChoices.SharedBytes(sizes.Active),
            choices, sizes.Tokens, sizes.Experts, sizes.Active, counted.Chosen, counted.Counts);
        return counted;
    }
}
